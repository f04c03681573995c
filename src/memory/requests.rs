//! Requests that many tests send.

use crate::protocol::codec::encoding::secret_base64;
use crate::protocol::http::{Body, Headers, Method, Request, SensitiveHeader};

/// A client's request for a token of its own (RFC 6749 §4.4), with its secret as HTTP Basic.
pub fn token_request(client_id: &str, secret: &str) -> Request {
    let basic = format!("Basic {}", secret_base64(format!("{client_id}:{secret}").as_bytes()));
    let headers = Headers {
        authorization: Some(SensitiveHeader::new(basic)),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        ..Headers::default()
    };
    let body = Body::Bytes(b"grant_type=client_credentials".to_vec());
    Request::new(Method::Post, "/token", headers, body)
}

//! The protected headers of what this server signs (RFC 7515 §4), and the `typ` values by which its tokens are told apart (RFC
//! 8725 §3.11). `issue` writes them, and `tokens::verify` expects them.

use jwt_compact::Header;
use serde::Serialize;

use crate::protocol::codec::jws;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::token_type::AccessTokenTyp;

/// The `typ` of an access token (RFC 9068 §2.1).
pub(crate) const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// The `typ` of an ID token.
pub(crate) const ID_TOKEN_TYPE: &str = "JWT";
/// The `typ` of a transaction token (draft-ietf-oauth-transaction-tokens-09 §5.1).
pub(crate) const TXN_TOKEN_TYPE: &str = "txntoken+jwt";
/// The `token_use` in the header of an access token whose `typ` is `JWT`. Nothing else that this server signs has that member.
pub(crate) const TOKEN_USE: &str = "access";

/// Writes a protected header as base64url.
pub(crate) fn header(alg: Alg, typ: &str, kid: &str) -> String {
    jws::header(alg.name(), &Header::empty().with_key_id(kid).with_token_type(typ))
}

/// Writes the protected header of an access token, as base64url. One with `typ` `JWT` looks like an ID token, so it says what it
/// is by `token_use`, in a place that no claim reaches.
pub(crate) fn access_token_header(alg: Alg, typ: AccessTokenTyp, kid: &str) -> String {
    #[derive(Serialize)]
    struct Marked {
        token_use: &'static str,
    }
    match typ {
        AccessTokenTyp::AtJwt => header(alg, ACCESS_TOKEN_TYPE, kid),
        AccessTokenTyp::Jwt => {
            let marked = Header::new(Marked { token_use: TOKEN_USE });
            jws::header(alg.name(), &marked.with_key_id(kid).with_token_type(ID_TOKEN_TYPE))
        }
    }
}

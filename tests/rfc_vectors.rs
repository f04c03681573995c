//! Golden values from the specifications. RFC 7638 and RFC 8037 A.3 (thumbprints) are beside the code.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use base64ct::{Base64UrlUnpadded, Encoding as _};
use mintedge::protocol::client_auth::parse_basic;
use mintedge::protocol::codec::encoding::base64url;
use mintedge::protocol::http::error::ServerError;
use mintedge::protocol::http::form::Form;
use mintedge::protocol::issue::sign;
use mintedge::protocol::keys::keyring::SigningKey;
use mintedge::protocol::keys::schedule::PublicKey;
use mintedge::protocol::keys::schedule::Schedule;
use mintedge::protocol::model::entropy::Entropy;
use mintedge::protocol::model::jwk::{Alg, PublicJwk};
use mintedge::protocol::model::secret::SecretBytes;
use mintedge::protocol::model::signature_alg::SignatureAlg;
use mintedge::protocol::model::time::Timestamp;
use mintedge::protocol::server::ports::{Document, MetadataDocument, Platform, SnapshotWrite};

fn decode(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).expect("base64url")
}

fn signing_key(alg: Alg, jwk: PublicJwk, private: Vec<u8>) -> SigningKey {
    let now = Timestamp(0);
    let schedule = Schedule { created_at: now, active_from: now, retire_from: None, gone_at: None };
    let public = PublicKey { kid: jwk.thumbprint(), alg, jwk, schedule };
    SigningKey::new(public, SecretBytes::new(private))
}

struct NoPlatform;

impl Entropy for NoPlatform {
    fn fill(&self, _: &mut [u8]) {
        panic!("the vector needs no randomness");
    }
}

impl Platform for NoPlatform {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError> {
        use ed25519_dalek::Signer as _;
        Ok(key.ed25519().expect("Ed25519").sign(message).to_bytes().to_vec())
    }

    async fn read_snapshots(&self, _: &[&str]) -> Result<Vec<Option<String>>, ServerError> {
        Ok(Vec::new())
    }

    async fn object(
        &self,
        _: mintedge::protocol::objects::Class,
        _: &str,
        _: &str,
    ) -> Result<String, ServerError> {
        panic!("the vector needs no object")
    }

    async fn verify(&self, _: SignatureAlg, _: &PublicJwk, _: &[u8], _: &[u8]) -> Result<bool, ServerError> {
        panic!("Ed25519 is verified in the protocol")
    }

    async fn get_document(&self, _: &str, _: bool) -> Result<Document, ServerError> {
        panic!("the vector needs no document")
    }

    async fn keep_document(&self, _: &str, _: &[u8]) {}

    async fn kept_metadata_document(&self, _: &str) -> Option<MetadataDocument> {
        None
    }

    async fn get_metadata_document(&self, _: &str) -> Result<MetadataDocument, ServerError> {
        panic!("the vector needs no document")
    }

    async fn keep_metadata_document(&self, _: &str, _: &MetadataDocument, _: u64) {}

    async fn post_form(&self, _: &str, _: &str) -> Result<u16, ServerError> {
        panic!("the vector needs no client")
    }

    async fn post_json(&self, _: &str, _: &str, _: &str) -> Result<u16, ServerError> {
        panic!("the vector needs no client")
    }

    async fn write_snapshots(&self, _: &[SnapshotWrite<'_>]) -> Vec<Result<(), ServerError>> {
        panic!("the vector publishes nothing")
    }

    async fn control(
        &self,
        _: mintedge::protocol::objects::control::ControlCommand,
    ) -> Result<mintedge::protocol::objects::control::ControlReply, ServerError> {
        panic!("the vector needs no object")
    }

    fn nfkc(&self, text: &str) -> String {
        text.to_owned()
    }

    fn log(&self, _: &str) {}
}

/// RFC 8037 appendix A.1 and A.4: the payload "Example of Ed25519 signing".
#[test]
fn ed25519_signature_matches_rfc_8037_a_4() {
    let jwk = PublicJwk::Okp {
        crv: "Ed25519".to_owned(),
        x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
    };
    let key = signing_key(Alg::EdDsa, jwk, decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
    let header = base64url(br#"{"alg":"EdDSA"}"#);
    let token = pollster::block_on(sign(&NoPlatform, &key, &header, "Example of Ed25519 signing"));
    let expected = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCj\
                    P0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(token.expect("signed"), expected);
}

/// RFC 7515 appendix A.2.1 and A.3.1: headers encode as there, byte for byte.
#[test]
fn base64url_matches_rfc_7515() {
    assert_eq!(base64url(br#"{"alg":"RS256"}"#), "eyJhbGciOiJSUzI1NiJ9");
    assert_eq!(base64url(br#"{"alg":"ES256"}"#), "eyJhbGciOiJFUzI1NiJ9");
    // Appendix C.
    assert_eq!(base64url(&[3, 236, 255, 224, 193]), "A-z_4ME");
}

/// RFC 7515 appendix A.3: the ES256 example verifies with what the tests verify tokens with.
#[test]
fn es256_example_of_rfc_7515_a_3_verifies() {
    use p256::ecdsa::signature::Verifier as _;
    let point = [
        vec![4],
        decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
        decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
    ];
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point.concat()).expect("a key");
    let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                   cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature =
        decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    let signature = p256::ecdsa::Signature::from_slice(&signature).expect("a signature");
    assert!(key.verify(message.as_bytes(), &signature).is_ok());
}

/// RFC 6749 §2.3.1 and §4.4.2: the Basic header and the body of the examples.
#[test]
fn requests_of_rfc_6749_are_read() {
    let (id, secret) = parse_basic("Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3").expect("valid");
    assert_eq!((id.as_str(), secret.expose()), ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"));
    let form = Form::parse(b"grant_type=client_credentials").expect("valid");
    assert_eq!(form.value("grant_type"), Some("client_credentials"));
    // Appendix B.
    let form = Form::parse("k=+%25%26%2B%C2%A3%E2%82%AC".as_bytes()).expect("valid");
    assert_eq!(form.value("k"), Some(" %&+£€"));
}

//! The ports: what the server needs from its platform. Each method is one step and says whether it may be repeated.
//! `edge::platform` implements them on Workers, `memory::world` in tests.

use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::SigningKey;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::jwk::PublicJwk;
use crate::protocol::model::signature_alg::SignatureAlg;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::Class;
use crate::protocol::objects::control::{ControlCommand, ControlReply};

/// A document that was fetched from another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document's bytes.
    pub bytes: Vec<u8>,
    /// Whether this is a copy ([`Platform::keep_document`]), which may be a few minutes old.
    pub is_copy: bool,
}

/// A client's metadata document, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataDocument {
    /// The document's bytes.
    pub bytes: Vec<u8>,
    /// Its `Content-Type`; empty if it has none.
    pub content_type: String,
    /// Its `Cache-Control`; empty if it has none.
    pub cache_control: String,
    /// Its `Age` when it was fetched; empty if it has none.
    pub age: String,
    /// How long ago it was fetched, in seconds, if this is a copy ([`Platform::keep_metadata_document`]).
    pub kept_for: Option<u64>,
    /// Whether its host says that there is none (status 404 or 410). Everything else is empty then.
    pub is_gone: bool,
}

/// A value that is to be written to the snapshot store under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotWrite<'a> {
    /// The name of the snapshot.
    pub name: &'a str,
    /// The value to write; unset to delete the snapshot.
    pub value: Option<&'a str>,
}

/// The largest document that is read from another server, in bytes.
pub const MAX_DOCUMENT: usize = 128 * 1024;

/// Everything outside the protocol: time, randomness, signatures, snapshots, objects, other servers and the log.
///
/// The futures need not be `Send`, because an isolate has one thread.
#[expect(async_fn_in_trait, reason = "one thread per isolate; no caller needs Send")]
pub trait Platform: Entropy {
    /// The present time. The server reads it once per request.
    fn now(&self) -> Timestamp;

    /// Signs `message` with `key`. The signature has 64 bytes for `EdDSA` and ES256 (`r ‖ s`), 256 or more for RS256 and PS256.
    /// May be repeated.
    ///
    /// # Errors
    /// If the platform's crypto refuses the key.
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError>;

    /// Reads published snapshots by name, in the order of `names`. The values may be 30 s old, and so may the news that there is
    /// none. May be repeated.
    ///
    /// # Errors
    /// If the snapshot store is out of reach.
    async fn read_snapshots(&self, names: &[&str]) -> Result<Vec<Option<String>>, ServerError>;

    /// Writes all these snapshots at once and returns for each, in order, whether it was written. May be repeated.
    async fn write_snapshots(&self, snapshots: &[SnapshotWrite<'_>]) -> Vec<Result<(), ServerError>>;

    /// Has the Control object carry out `command`: atomic, strongly consistent, and persisted before the reply. Repeat only what
    /// [`ControlCommand`] documents as idempotent.
    ///
    /// # Errors
    /// If the object is out of reach. Whether the command took effect is then unknown.
    async fn control(&self, command: ControlCommand) -> Result<ControlReply, ServerError>;

    /// Has the object `name` of kind `class` carry out `command` (JSON): atomic, strongly consistent, and persisted before the
    /// reply (JSON). Repeat only what the command documents as idempotent.
    ///
    /// # Errors
    /// If the object is out of reach. Whether the command took effect is then unknown.
    async fn object(&self, class: Class, name: &str, command: &str) -> Result<String, ServerError>;

    /// Whether `signature` was made with `alg` (RSA or ECDSA) over `message` with the private side of `key`. May be
    /// repeated.
    ///
    /// # Errors
    /// If the platform's crypto is out of reach; a wrong signature is no error, and neither is a key of another kind.
    async fn verify(
        &self,
        alg: SignatureAlg,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError>;

    /// Gets a public JSON document from the public internet. No redirect is followed; size ([`MAX_DOCUMENT`]) and time are
    /// bounded. A kept copy may answer unless `fresh` is set. May be repeated.
    ///
    /// # Errors
    /// If there is no answer, or none with status 200 within the bounds.
    async fn get_document(&self, url: &str, fresh: bool) -> Result<Document, ServerError>;

    /// Keeps a copy of a document for a few minutes, for everybody near this edge. Call it only for a document that was found to
    /// be sound, because everybody will get the copy. Keeping none is no failure. May be repeated.
    async fn keep_document(&self, url: &str, bytes: &[u8]);

    /// Gets a client's metadata document from the public internet. No redirect is followed; size
    /// ([`MAX_BYTES`](crate::protocol::documents::read::MAX_BYTES)) and time (3 s) are bounded. May be repeated.
    ///
    /// # Errors
    /// If there is no answer, or none with status 200, 404 or 410 within the bounds.
    async fn get_metadata_document(&self, url: &str) -> Result<MetadataDocument, ServerError>;

    /// The copy of a client's metadata document that was kept near this edge, however old it is. May be repeated.
    async fn kept_metadata_document(&self, url: &str) -> Option<MetadataDocument>;

    /// Keeps a copy of a client's metadata document for `seconds`, for everybody near this edge. Call it only for one that was found to
    /// be sound. Keeping none is no failure. May be repeated.
    async fn keep_metadata_document(&self, url: &str, document: &MetadataDocument, seconds: u64);

    /// Posts a form to a client's URL and returns the status. No redirect is followed, and the time is bounded. May be repeated.
    ///
    /// # Errors
    /// If there is no answer.
    async fn post_form(&self, url: &str, form: &str) -> Result<u16, ServerError>;

    /// Posts a JSON document to a client's URL, with a bearer token (RFC 6750 §2.1), and returns the status. No redirect is followed,
    /// and the time is bounded. May be repeated.
    ///
    /// # Errors
    /// If there is no answer.
    async fn post_json(&self, url: &str, bearer: &str, json: &str) -> Result<u16, ServerError>;

    /// Returns `text` in Unicode's normalization form KC (UAX #15). The platform does it because the tables would take a tenth of
    /// a megabyte of wasm, and every JavaScript engine has them.
    fn nfkc(&self, text: &str) -> String;

    /// Writes one line of the structured log.
    fn log(&self, line: &str);
}

//! What the server needs from its platform. Each method is one step, and says whether it may be repeated.

use crate::protocol::http::error::ServerError;
use crate::protocol::keys::keyring::SigningKey;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::jwk::{Alg, PublicJwk};
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::Class;
use crate::protocol::objects::control::{ControlCommand, ControlReply};

/// A document of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What it says.
    pub bytes: Vec<u8>,
    /// Whether it was kept before ([`Platform::keep_document`]), and may be a few minutes old.
    pub is_copy: bool,
}

/// What is to be written under a name in the snapshot store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotWrite<'a> {
    /// The name.
    pub name: &'a str,
    /// The value; unset to delete it.
    pub value: Option<&'a str>,
}

/// Largest document that is read from elsewhere, in bytes.
pub const MAX_DOCUMENT: usize = 128 * 1024;

/// Everything outside: time, randomness, signatures, the snapshots and the Control object.
///
/// The futures need not be `Send`: an isolate has one thread.
#[expect(async_fn_in_trait, reason = "one thread per isolate; no caller needs Send")]
pub trait Platform: Entropy {
    /// The time. The server reads it once per request.
    fn now(&self) -> Timestamp;

    /// Signs `message` with `key`: 64 bytes for `EdDSA` and ES256 (`r ‖ s`), 256 or more for RS256 and PS256.
    /// May be repeated.
    ///
    /// # Errors
    /// If the platform's crypto refuses the key.
    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError>;

    /// Reads published snapshots by name, in the order of `names`. The values may be 30 s old, and so may
    /// "there is none". May be repeated.
    ///
    /// # Errors
    /// If the snapshot store is out of reach.
    async fn read_snapshots(&self, names: &[&str]) -> Result<Vec<Option<String>>, ServerError>;

    /// Writes snapshots, all at once, and says of each whether it is written. May be repeated.
    async fn write_snapshots(&self, snapshots: &[SnapshotWrite<'_>]) -> Vec<Result<(), ServerError>>;

    /// Has the Control object carry out `command`: atomic, strongly consistent, persisted before the reply.
    /// Repeat only what [`ControlCommand`] documents as idempotent.
    ///
    /// # Errors
    /// If the object is out of reach. Whether the command took effect is then unknown.
    async fn control(&self, command: ControlCommand) -> Result<ControlReply, ServerError>;

    /// Has the object `name` of kind `class` carry out `command` (JSON): atomic, strongly consistent, persisted before
    /// the reply (JSON). Repeat only what the command documents as idempotent.
    ///
    /// # Errors
    /// If the object is out of reach. Whether the command took effect is then unknown.
    async fn object(&self, class: Class, name: &str, command: &str) -> Result<String, ServerError>;

    /// Whether `signature` was made with `alg` (ES256, RS256 or PS256) over `message` by whoever has the private side of
    /// `key`. May be repeated.
    ///
    /// # Errors
    /// If the platform's crypto is out of reach; a wrong signature is no error, and neither is a key of another kind.
    async fn verify(
        &self,
        alg: Alg,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError>;

    /// Gets a public JSON document: no redirects followed, bounded in size ([`MAX_DOCUMENT`]) and time, from the public
    /// internet only. A copy that was kept may answer unless `fresh` is asked for. May be repeated.
    ///
    /// # Errors
    /// If there is no answer, or none with status 200 within the bounds.
    async fn get_document(&self, url: &str, fresh: bool) -> Result<Document, ServerError>;

    /// Keeps a copy of a document for a few minutes, for all that are near: one that was found to be what it should be, since
    /// everybody will get it. Keeping none is no failure. May be repeated.
    async fn keep_document(&self, url: &str, bytes: &[u8]);

    /// Sends a form to a client's URL and returns the status: no redirects followed, bounded in time. May be repeated.
    ///
    /// # Errors
    /// If there is no answer.
    async fn post_form(&self, url: &str, form: &str) -> Result<u16, ServerError>;

    /// `text` in Unicode's normalization form KC (UAX #15). The tables would be a tenth of a megabyte of wasm; every JavaScript engine
    /// has them.
    fn nfkc(&self, text: &str) -> String;

    /// Writes one line of the structured log.
    fn log(&self, line: &str);
}

//! What an authorization code says (RFC 6749 §4.1.2). It travels sealed; nothing is stored until it is redeemed.

use crate::protocol::objects::subject::CodeProof;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::protocol::codec::encoding::base64url;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::{Authentication, Session};

/// The contents of a code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// Its id, which becomes the grant's: it can be redeemed once.
    pub id: Id,
    /// Until when.
    pub expires_at: Timestamp,
    /// Who logged in.
    pub owner: UserId,
    /// In which session.
    pub sid: Id,
    /// How they had authenticated.
    pub auth: Authentication,
    /// Whom it was issued to.
    pub client_id: String,
    /// Which incarnation of it.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Whether the request had named that; then the token request has to as well.
    pub redirect_uri_sent: bool,
    /// What was granted.
    pub scopes: ScopeSet,
    /// For which resources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Goes into the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// S256 challenge, if one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// The client's last removal by the person that their session knew of; a later one ends the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// Under which of the person's passwords it was issued; a new one ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// The `claims` parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// Made of everything else with what the session's object knows: the key that seals codes makes none by itself. Codes of
    /// earlier releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl AuthorizationCode {
    /// Proves that `session` stands behind the code.
    ///
    /// # Errors
    /// Never for what is in a code.
    pub fn proven_by(mut self, session: &Session) -> Result<Self, ServerError> {
        self.proof = Some(session.prove(&self.digest()?));
        Ok(self)
    }

    /// What is proven, and the proof, for the session's object to compare; `None` without a proof.
    ///
    /// # Errors
    /// As [`AuthorizationCode::proven_by`].
    pub fn proof(&mut self) -> Result<Option<CodeProof>, ServerError> {
        let Some(proof) = self.proof.take() else { return Ok(None) };
        Ok(Some(CodeProof { digest: self.digest()?, proof }))
    }

    fn digest(&self) -> Result<String, ServerError> {
        let json = to_json(self)?;
        Ok(base64url(&Sha256::digest(json.as_bytes())))
    }
}

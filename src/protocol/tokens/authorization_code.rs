//! The contents of an authorization code (RFC 6749 §4.1.2). The code travels sealed, and nothing is stored of it until it is
//! redeemed. The authorization endpoint makes one, and the `authorization_code` grant reads it.

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
    /// The code's id, which becomes the grant's. A code with this id can be redeemed once.
    pub id: Id,
    /// When the code expires.
    pub expires_at: Timestamp,
    /// The user who logged in.
    pub owner: UserId,
    /// The session that the user logged in with.
    pub sid: Id,
    /// How and when the user had authenticated.
    pub auth: Authentication,
    /// The client that the code was issued to.
    pub client_id: String,
    /// The incarnation that the client had when the code was issued.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub incarnation: Incarnation,
    /// The redirect URI that the code was sent to.
    pub redirect_uri: String,
    /// Whether the authorization request named the redirect URI. If so, the token request has to name it as well (RFC 6749
    /// §4.1.3).
    pub redirect_uri_sent: bool,
    /// The scopes that were granted.
    pub scopes: ScopeSet,
    /// The resources that they were granted for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The request's `nonce`, which goes into the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The S256 challenge (RFC 7636), if one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    /// When the user's session last knew the client to have been removed. A later removal ends the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// The epoch of the user's password when the code was issued. A new password ends the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_epoch: Option<Id>,
    /// The `claims` parameter of the request (`OpenID Connect Core` §5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// A proof over everything else, made with a key that only the session's object and the edge serving the browser know. So the
    /// key that seals codes makes no valid code by itself. Codes of earlier releases have no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl AuthorizationCode {
    /// Adds the proof that `session` stands behind the code.
    ///
    /// # Errors
    /// Never for what is in a code.
    pub fn proven_by(mut self, session: &Session) -> Result<Self, ServerError> {
        self.proof = Some(session.prove(&self.digest()?));
        Ok(self)
    }

    /// Takes the proof out of the code, together with what it proves, for the session's object to compare. `None` if the code has
    /// no proof.
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

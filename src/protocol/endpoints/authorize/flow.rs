//! An authorization request that has been checked, as it travels through the pages: sealed, in a hidden field.
//!
//! Only `request` makes one; `next` decides by it and `resume` takes it back from a form.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{ResponseMode, ReturnTo};
use crate::protocol::model::id::Id;
use crate::protocol::model::incarnation::Incarnation;
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::secret::is_carried_client_id;
use crate::protocol::model::time::{DAY, HOUR, Timestamp};
use crate::protocol::model::user_id::UserId;

/// How long a page may stay open, in seconds.
pub(super) const FLOW_LIFETIME: u64 = HOUR;
/// How long the request of a page that is too old may begin anew, in seconds.
const ANEW: u64 = DAY;

/// Everything about a request that is still needed. It travels in pages, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(super) client_id: String,
    /// The client's incarnation when it sent the request.
    #[serde(default, skip_serializing_if = "Incarnation::is_first")]
    pub(super) incarnation: Incarnation,
    pub(super) redirect_uri: String,
    /// Whether the request had a `redirect_uri` (RFC 6749 §4.1.3).
    pub(super) redirect_uri_sent: bool,
    pub(super) response_mode: ResponseMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    pub(super) scopes: ScopeSet,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code_challenge: Option<String>,
    #[serde(default)]
    pub(super) prompt: Prompt,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_age: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) login_hint: Option<String>,
    /// The `sub` that the client expects (`id_token_hint`, or `claims.id_token.sub.value`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expected_sub: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claims: Option<Value>,
    /// The pushed request it came from, to be used once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pushed: Option<String>,
    pub(super) started_at: Timestamp,
    /// The session that was begun for this very request: a login just made counts, however short `max_age` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<Id>,
    /// Whether the person has chosen this account.
    #[serde(default)]
    pub(super) selected: bool,
    /// What the consent page showed, if it is for administration: the account's role may grow while the page is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shown: Option<Shown>,
    /// A digest of the client's metadata document as it was when the page was shown; unset for a client without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) document: Option<String>,
}

/// The scopes that a page showed to an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) account: UserId,
    pub(super) scopes: ScopeSet,
}

/// The values of `prompt` (`OpenID Connect Core` §3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the parameter's five words")]
pub(super) struct Prompt {
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
    pub(super) select_account: bool,
    /// `Initiating User Registration via OpenID Connect 1.0` §4.
    #[serde(default)]
    pub(super) create: bool,
}

impl Prompt {
    /// Reads the parameter; `None` for an unknown value, or `none` beside others.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut prompt = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" => prompt.create = true,
                _ => return None,
            }
        }
        let others = prompt.login || prompt.consent || prompt.select_account || prompt.create;
        (!(prompt.none && others)).then_some(prompt)
    }
}

impl Flow {
    /// Whether the page it travels in is still good.
    pub(super) fn is_current(&self, now: Timestamp) -> bool {
        now.since(self.started_at) < FLOW_LIFETIME
    }

    /// The request as if it came again now; `None` if it is too old for that.
    pub(super) fn anew(self, now: Timestamp) -> Option<Self> {
        let again = now.since(self.started_at) < ANEW;
        again.then_some(Self { started_at: now, login: None, selected: false, ..self })
    }

    /// The request without the wish for a new account, for somebody who has one after all.
    pub(super) fn without_create(&self) -> Self {
        Self { prompt: Prompt { create: false, ..self.prompt }, ..self.clone() }
    }

    /// Where and how the response to the request goes to the client.
    pub(super) fn return_to(&self) -> ReturnTo {
        ReturnTo {
            redirect_uri: self.redirect_uri.clone(),
            response_mode: self.response_mode,
            state: self.state.clone(),
            is_strangers: is_carried_client_id(&self.client_id),
        }
    }
}

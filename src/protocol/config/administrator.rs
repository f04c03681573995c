//! `[[administrator]]`: the accounts that may have scopes of the admin API. Nobody else gets one by logging in.
//!
//! What counts is the `sub`, which is never given to somebody else. A login identifier can change hands, so the command looks it up
//! when a file is applied, and the plan shows whose account it was.

use serde::{Deserialize, Serialize};

use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::user_id::UserId;

/// `[[administrator]]`: an account and what it may do through the admin API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdministratorConfig {
    /// Whose account it is: the login identifier or the `sub`.
    pub user: String,
    /// The `sub` of that account, which is what counts. The command fills it in; the server wants it where `user` is no `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// What the account may do: `mintedge:read`, `mintedge:write`, `mintedge:clients`, `mintedge:users`, `mintedge:keys`.
    pub scopes: ScopeSet,
}

impl AdministratorConfig {
    /// The account, if its `sub` is known.
    pub fn account(&self) -> Option<UserId> {
        UserId::parse(self.sub.as_deref().unwrap_or(&self.user))
    }
}

/// An account and its scopes of the admin API, as edges read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Administrator {
    /// The account.
    pub sub: UserId,
    /// The scopes that it may have.
    pub scopes: ScopeSet,
}

/// The administrators that `declared` comes to. One whose account isn't known is left out.
pub fn administrators(declared: &[AdministratorConfig]) -> Vec<Administrator> {
    let known = declared.iter().filter_map(|administrator| {
        Some(Administrator { sub: administrator.account()?, scopes: administrator.scopes.clone() })
    });
    known.collect()
}

//! What an account may have of the scopes of the admin API, by the configuration's `[[administrator]]`. Authorization, the grants that
//! act for a user and the admin API call it, so a role that is taken away ends its use everywhere within 60 seconds.

use crate::protocol::http::error::ServerError;
use crate::protocol::model::scope::{ScopeSet, is_of_admin};
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::control::{ControlCommand, ControlReply};
use crate::protocol::server::Server;
use crate::protocol::server::budget::Question;
use crate::protocol::server::ports::Platform;

/// Whether `asked` is for administration, and nothing of that is in `held`, what an account may have of it.
pub(crate) fn is_beyond_role(asked: &ScopeSet, held: &ScopeSet) -> bool {
    asked.iter().any(is_of_admin) && !held.iter().any(is_of_admin)
}

impl<P: Platform> Server<P> {
    /// Whether `account` administers now. The Control object is asked: what this edge knows may be a minute old, and in that minute
    /// whoever may change users only could become the new administrator.
    pub(crate) async fn is_administrator(&self, account: UserId) -> Result<bool, ServerError> {
        match self.platform.control(ControlCommand::Config).await? {
            ControlReply::Config { config, .. } => {
                Ok(config.administrator.iter().any(|administrator| administrator.account() == Some(account)))
            }
            _ => Err(ServerError::internal("the Control object gave another answer than asked for")),
        }
    }

    /// `scopes` without those of the admin API that `account` may not have. A role that was granted a moment ago counts at once: the
    /// Control object is asked before a scope is left out, within a budget.
    pub(crate) async fn within_role(
        &self,
        account: UserId,
        scopes: &ScopeSet,
        now: Timestamp,
    ) -> Result<ScopeSet, ServerError> {
        if !scopes.iter().any(is_of_admin) {
            return Ok(scopes.clone());
        }
        let held = self.snapshot(now).await?.within_role(account, scopes).into_owned();
        let question = Question { sender: None, subject: Some(&account.to_string()) };
        if held.len() == scopes.len() || !self.reread_snapshot(question, now).await? {
            return Ok(held);
        }
        Ok(self.snapshot(now).await?.within_role(account, scopes).into_owned())
    }
}

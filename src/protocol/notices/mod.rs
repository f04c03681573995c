//! Telling clients of sign-outs (`Back-Channel Logout 1.0` §2.5): from the alarm of a person's object, after the answer to the
//! browser, again and again until the client takes it or has failed too often. [`ping`] tells them of decisions in the same way.

mod ping;

use crate::protocol::codec::encoding::form_encode;
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::issue::logout_token;
use crate::protocol::model::outbound::{is_local, objection};
use crate::protocol::objects::subject::{Notice, SubjectCommand, SubjectReply};
use crate::protocol::objects::{Class, tend};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::publish;
use crate::protocol::tokens::subject_name::session_name;

/// How many snapshots one alarm publishes: an invocation may ask 50 times on the free plan.
const PUBLISH_AT_ONCE: u32 = 45;

/// Has the object whose alarm rings carry out `command`.
async fn ask(
    carry_out: &impl AsyncFn(&str) -> Result<String, ServerError>,
    command: &SubjectCommand,
) -> Result<SubjectReply, ServerError> {
    let reply = carry_out(&to_json(command)?).await?;
    json::from_str(&reply).map_err(|error| ServerError::internal(error.to_string()))
}

impl<P: Platform> Server<P> {
    /// What an object's alarm does: tell clients, then drop what has expired; the Control object tends its keys and publishes what
    /// changed. `carry_out` has the object itself carry out a command.
    ///
    /// # Errors
    /// If the object fails.
    pub async fn alarm(
        &self,
        class: Class,
        carry_out: impl AsyncFn(&str) -> Result<String, ServerError>,
    ) -> Result<(), ServerError> {
        // Sign-outs come first, and one that can't be told of holds up neither the pings nor the sweep.
        let told = match class {
            Class::Subject => self.tell(&carry_out).await.and(ping::notify(self, &carry_out).await),
            _ => Ok(()),
        };
        let tended = carry_out(tend(class)).await.map(drop);
        if class == Class::Control {
            // What can't be tended is no reason to hold back what changed.
            publish(&self.platform, carry_out, PUBLISH_AT_ONCE).await?;
        }
        told.and(tended)
    }

    async fn tell(
        &self,
        carry_out: &impl AsyncFn(&str) -> Result<String, ServerError>,
    ) -> Result<(), ServerError> {
        let due = ask(carry_out, &SubjectCommand::DueNotices).await?;
        let SubjectReply::Notices(notices) = due else { return Ok(()) };
        for (key, notice) in notices {
            // A failure of ours counts as one of the client's: it is tried again, and the others get their turn.
            let delivered = self.deliver(&notice).await.unwrap_or(false);
            ask(carry_out, &SubjectCommand::Told { key, delivered }).await?;
        }
        Ok(())
    }

    /// Whether the client knows now, or doesn't want to.
    async fn deliver(&self, notice: &Notice) -> Result<bool, ServerError> {
        let now = self.platform.now();
        let Found::Client(client) = self.client(&notice.client_id, now).await? else { return Ok(true) };
        if !self.is_current(&client, notice.incarnation, now).await? {
            return Ok(true);
        }
        let Some(uri) = &client.backchannel_logout_uri else { return Ok(true) };
        if let Some(objection) = objection(uri, is_local(self.issuer.as_str())) {
            // Registered before this was looked at; another attempt would change nothing.
            let line = serde_json::json!({
                "time": now, "event": "backchannel_logout", "client_id": client.client_id, "outcome": "refused",
                "detail": objection,
            });
            self.platform.log(&line.to_string());
            return Ok(true);
        }
        let keyring = self.any_keyring(now).await?;
        let sub = notice.owner.at(&client, &keyring.derived);
        let sid = session_name(notice.sid, &client, &keyring.derived);
        let token = logout_token(self, now, client.id_token_alg(), (&client.client_id, &sub, &sid)).await?;
        let answer = self.platform.post_form(uri, &format!("logout_token={}", form_encode(&token))).await;
        let delivered = answer.is_ok_and(|status| (200..300).contains(&status));
        let outcome = if delivered { "ok" } else { "failed" };
        let attempt = notice.attempts + 1;
        let line = serde_json::json!({
            "time": now, "event": "backchannel_logout", "client_id": client.client_id, "outcome": outcome, "attempt": attempt,
        });
        self.platform.log(&line.to_string());
        Ok(delivered)
    }
}

//! Notifying clients that somebody has decided (`CIBA` §10.2, ping mode). The object's alarm does it, like telling of sign-outs.

use super::ask;
use crate::protocol::config::DeliveryMode;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::keys::sealed::open;
use crate::protocol::model::outbound::{is_local, objection};
use crate::protocol::objects::subject::{self, SubjectCommand, SubjectReply};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::auth_req_id::{PING_PREFIX, Ping};

/// The body of a notification (§10.2).
#[derive(serde::Serialize)]
struct Notification<'a> {
    auth_req_id: &'a str,
}

/// Notifies the clients that are due.
pub(super) async fn notify<P: Platform>(
    server: &Server<P>,
    carry_out: &impl AsyncFn(&str) -> Result<String, ServerError>,
) -> Result<(), ServerError> {
    let SubjectReply::Pings(pings) = ask(carry_out, &SubjectCommand::DuePings).await? else { return Ok(()) };
    for (key, ping) in pings {
        // A failure of ours counts as one of the client's: it is tried again, and the others get their turn.
        let delivered = deliver(server, &ping).await.unwrap_or(false);
        ask(carry_out, &SubjectCommand::Pinged { key, delivered }).await?;
    }
    Ok(())
}

/// Whether the client knows now, or is not to be notified.
async fn deliver<P: Platform>(server: &Server<P>, due: &subject::Ping) -> Result<bool, ServerError> {
    let now = server.platform.now();
    let Found::Client(client) = server.client(&due.client_id, now).await? else { return Ok(true) };
    if !client.is_enabled() || !server.is_current(&client, due.incarnation, now).await? {
        return Ok(true);
    }
    let endpoint = client.backchannel_client_notification_endpoint.as_deref();
    let is_ping = client.backchannel_token_delivery_mode == DeliveryMode::Ping;
    let Some(uri) = endpoint.filter(|_| is_ping) else { return Ok(true) };
    // Registered before this was looked at: another attempt would change nothing.
    if objection(uri, is_local(server.issuer.as_str())).is_some() {
        return Ok(true);
    }
    let keyring = server.keyring_for(&due.sealed, now).await?;
    // Sealed with keys that have been ended since: nobody can know it any more, and the client still asks by itself.
    let Some(ping) = open::<Ping>(&keyring.derived.flow, PING_PREFIX, &due.sealed) else { return Ok(true) };
    let body = to_json(&Notification { auth_req_id: &ping.auth_req_id })?;
    let answer = server.platform.post_json(uri, &ping.token, &body).await;
    let delivered = answer.is_ok_and(|status| (200..300).contains(&status));
    let line = serde_json::json!({
        "time": now, "event": "backchannel_ping", "client_id": client.client_id,
        "outcome": if delivered { "ok" } else { "failed" }, "attempt": due.attempts + 1,
    });
    server.platform.log(&line.to_string());
    Ok(delivered)
}

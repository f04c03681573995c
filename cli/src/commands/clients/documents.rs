//! `mintedge clients waiting`, `admit` and `refuse`: clients with a metadata document, where a rule asks an administrator.

use std::fmt::Write as _;

use mintedge::protocol::admin::{ClientView, WaitingView};
use serde_json::json;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::remote::Session;
use crate::time::utc;

pub(super) fn waiting(session: &Session) -> Result<Answer, Failure> {
    let view: WaitingView = session.get("client-documents")?;
    let mut text = String::new();
    for client in &view.waiting {
        let _ = writeln!(text, "{}  since {}", client.client_id, utc(client.asked_at));
        let _ = writeln!(text, "  calls itself {:?}, which nobody has checked", client.client_name);
    }
    if text.is_empty() {
        text.push_str("No client is waiting.");
    } else {
        text.push_str("\nmintedge clients admit URL lets one in, refuse keeps it out.");
    }
    Ok(Answer::new(text, &view))
}

pub(super) fn decide(session: &Session, client_id: &str, admit: bool) -> Result<Answer, Failure> {
    let body = json!({ "client_id": client_id, "admit": admit });
    let client: ClientView = session.post("client-documents", &body)?;
    let text = if admit {
        format!(
            "Admitted {client_id}. It may come as far as a rule of the configuration asks an administrator."
        )
    } else {
        format!("Refused {client_id}. Everything it was given has ended; every edge knows within 60 seconds.")
    };
    Ok(Answer::new(text, &client))
}

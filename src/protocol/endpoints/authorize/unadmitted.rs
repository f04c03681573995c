//! Clients with a metadata document that may not ask people for anything: why, in words for a page. There is no redirect URI that could
//! be trusted, so nobody is sent anywhere. One that an administrator has to admit is put on their list.

use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::documents::admission::{Admission, Refusal, admission};
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::model::outbound::is_local;
use crate::protocol::objects::control::ControlCommand;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// The refusal of a client called `client_id`, a URL.
pub(super) async fn refuse<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client_id: &str,
    cause: Cause,
) -> Failure {
    let Ok(snapshot) = server.snapshot(context.now).await else { return refusal(cause, said(cause)).into() };
    if cause == Cause::DocumentNotAdmitted {
        let client_name = match server.asks_to_be_admitted(client_id, context).await {
            Ok(client_name) => client_name,
            Err(cause) => return refusal(cause, said(cause)).into(),
        };
        let command = ControlCommand::AskToAdmit { client_id: client_id.to_owned(), client_name };
        if let Err(error) = server.platform.control(command).await {
            return error.into();
        }
    }
    refusal(cause, url_problem(server, &snapshot, client_id, cause).unwrap_or(said(cause))).into()
}

/// The refusal of a client whose document can't be had any more.
pub(super) fn outdated() -> OAuthError {
    for_now(Cause::DocumentOutdated)
}

/// The refusal of a request whose client may be admitted, when its document can't be had at the moment. Nobody should take it for the
/// client's end.
pub(super) fn unreachable() -> OAuthError {
    for_now(Cause::DocumentUnreachable)
}

fn for_now(cause: Cause) -> OAuthError {
    OAuthError::new(Code::TemporarilyUnavailable, cause, said(cause))
}

fn refusal(cause: Cause, description: &'static str) -> OAuthError {
    let code = match cause {
        Cause::DocumentUnreachable | Cause::DocumentFetchesExhausted | Cause::ClientLookupsExhausted => {
            Code::TemporarilyUnavailable
        }
        _ => Code::InvalidClient,
    };
    OAuthError::new(code, cause, description)
}

/// What is wrong with the URL itself: whoever made the client can mend that.
fn url_problem<P: Platform>(
    server: &Server<P>,
    snapshot: &Snapshot,
    client_id: &str,
    cause: Cause,
) -> Option<&'static str> {
    let local = is_local(server.issuer.as_str());
    match admission(&snapshot.client_documents, client_id, local) {
        Admission::Refused(Refusal::NoUrl(_)) if cause == Cause::DocumentUrl => Some(
            "client_id is no URL of a document: https, a public host, a path, and nothing that is normalized away",
        ),
        Admission::Refused(Refusal::Query) => {
            Some("client_id is a URL with a query, and no rule here names it whole")
        }
        _ => None,
    }
}

fn said(cause: Cause) -> &'static str {
    match cause {
        Cause::DocumentNotAdmitted => {
            "an administrator of this server has to admit the application first, and has been told that it asked"
        }
        Cause::DocumentUnreachable => {
            "the document that describes the application could not be fetched from the address that is its client_id"
        }
        Cause::DocumentWrong => {
            "the document at the address that is the client_id of the application does not describe it; the log of this server says what is wrong"
        }
        Cause::DocumentOutdated => {
            "the document that describes the application could not be fetched, and the last copy of it is too old to begin with"
        }
        Cause::DocumentFetchesExhausted | Cause::ClientLookupsExhausted => {
            "too many applications are being looked up; try again in a moment"
        }
        _ => "the application that sent you here may not use this server",
    }
}

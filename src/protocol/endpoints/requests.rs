//! What clients ask somebody through the backchannel (`CIBA`), as the account page shows it, and the decision about it.
//!
//! The decision is about exactly what was shown: a form names the request by its id, and what is asked under an id never changes.
//! Somebody whose login is older than the client's settings want types the password again to approve; to deny, nobody has to.

use std::rc::Rc;

use super::account::ago;
use crate::protocol::codec::json;
use crate::protocol::config::registered_client::Client;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::endpoints::browser::Browser;
use crate::protocol::endpoints::client_face::client_face;
use crate::protocol::endpoints::consent_groups::consent_groups;
use crate::protocol::http::error::{Failure, ServerError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::login;
use crate::protocol::login::{Door, Problem};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::id::Id;
use crate::protocol::model::scope::USER_SCOPES;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::polling::{PollingCommand, PollingReply};
use crate::protocol::objects::subject::{
    Asked, Authentication, Overview, SessionState, SubjectCommand, SubjectReply,
};
use crate::protocol::pages::{AccountNotice, AllowedRow, RequestRow};
use crate::protocol::server::Server;
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::state::polling::PersonsDecision;
use crate::protocol::tokens::auth_req_id::{CibaRequest, object_name};
use crate::protocol::tokens::polling_code::Approval;
use crate::protocol::tokens::refresh_token::SessionCookie;
use crate::protocol::tokens::request_code::{is_request_code, request_code_hash};

/// One open request, with the client that asks.
pub(super) struct Open {
    id: String,
    client: Rc<Client>,
    request: CibaRequest,
    started_at: Timestamp,
}

/// The open requests of an overview whose clients may still get anything. One with a scope that `snapshot` doesn't know is left
/// out until the edge knows it: nobody may permit what the page can't list.
pub(super) async fn open_requests<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    snapshot: &Snapshot,
    overview: &Overview,
) -> Result<Vec<Open>, Failure> {
    let is_listed = |scope: &str| USER_SCOPES.contains(&scope) || snapshot.resource_of_scope(scope).is_some();
    let mut open = Vec::new();
    for (id, asked) in &overview.asked {
        let read = read(server, context, asked).await?;
        if let Some((client, request)) =
            read.filter(|(_, request)| request.asked.scopes.iter().all(is_listed))
        {
            open.push(Open { id: id.to_string(), client, request, started_at: asked.started_at });
        }
    }
    Ok(open)
}

impl Open {
    /// The row that the account page shows, for somebody who authenticated at `auth_time`.
    pub(super) fn row<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        auth_time: Timestamp,
        now: Timestamp,
    ) -> RequestRow<'a> {
        let scopes = &self.request.asked.scopes;
        RequestRow {
            id: &self.id,
            client: client_face(&self.client),
            asked: ago(self.started_at, now),
            message: self.request.binding_message.as_deref(),
            groups: consent_groups(snapshot, scopes, scopes),
            needs_password: is_too_old(&self.client, auth_time, now),
            keeps: self.client.may_use(GrantType::RefreshToken),
        }
    }
}

/// One request that was allowed and not fetched yet, with the client that asked.
pub(super) struct Allowed {
    id: String,
    client: Rc<Client>,
    message: Option<String>,
}

/// What the user has allowed and can still take back.
pub(super) async fn allowed_requests<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    overview: &Overview,
) -> Result<Vec<Allowed>, Failure> {
    let mut allowed = Vec::new();
    for (id, asked) in &overview.allowed {
        if let Some((client, request)) = read(server, context, asked).await? {
            allowed.push(Allowed { id: id.to_string(), client, message: request.binding_message });
        }
    }
    Ok(allowed)
}

impl Allowed {
    /// The row that the account page shows.
    pub(super) fn row(&self) -> AllowedRow<'_> {
        AllowedRow { id: &self.id, client: client_face(&self.client), message: self.message.as_deref() }
    }
}

/// The client that asks, and what it asks for; `None` if it gets nothing any more.
async fn read<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    asked: &Asked,
) -> Result<Option<(Rc<Client>, CibaRequest)>, Failure> {
    let Found::Client(client) = server.client(&asked.client_id, context.now).await? else { return Ok(None) };
    let counts = client.is_enabled() && server.is_current(&client, asked.incarnation, context.now).await?;
    Ok(json::from_str(&asked.request).ok().filter(|_| counts).map(|request| (client, request)))
}

/// Whether somebody who authenticated at `auth_time` has to do so again before they approve what `client` asks.
fn is_too_old(client: &Client, auth_time: Timestamp, now: Timestamp) -> bool {
    now.since(auth_time) >= client.ciba.max_age
}

/// Carries out what somebody decided on the page. Returns what the page says then; `None` if the form names no request.
pub(super) async fn decide<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (browser, cookie): (&Browser, &SessionCookie),
    form: &Form,
    allows: bool,
) -> Result<Option<AccountNotice>, Failure> {
    let Some(id) = form.value("request").and_then(Id::parse) else { return Ok(None) };
    let look = server.subject(cookie.owner, &SubjectCommand::Asked { id }, context.now).await?;
    let SubjectReply::Asked(asked) = look else { return Ok(Some(AccountNotice::RequestOver)) };
    let Some((client, request)) = read(server, context, &asked).await? else {
        return Ok(Some(AccountNotice::RequestOver));
    };
    context.note_client(&client.client_id);
    let decision = if allows {
        let state = browser.session_state(server, context, Some(&client.client_id)).await?;
        let Some(state) = state else { return Ok(Some(AccountNotice::RequestOver)) };
        match authentication(server, context, (&client, &state), form).await? {
            Ok(auth) => PersonsDecision::Approved(to_json(&Approval::in_session(&state, cookie.sid, auth))?),
            Err(notice) => return Ok(Some(notice)),
        }
    } else {
        PersonsDecision::Denied
    };
    let decided = carry_out(server, context, cookie, (request.asked.id, &asked, decision)).await?;
    Ok(Some(match (decided, allows) {
        (false, _) => AccountNotice::RequestOver,
        (true, true) => AccountNotice::RequestAllowed,
        (true, false) => AccountNotice::RequestDenied,
    }))
}

/// Tells both objects. Whether the decision counts the transaction's object says, which the client asks.
async fn carry_out<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    cookie: &SessionCookie,
    (id, asked, decision): (Id, &Asked, PersonsDecision),
) -> Result<bool, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let is_no = decision == PersonsDecision::Denied;
    let command = PollingCommand::Decide { sha256: asked.sha256.clone(), decision };
    let counts = server.polling(&object_name(&keyring.derived, id), command).await? == PollingReply::Done;
    // Of a yes and a no at the same time the transaction's object takes one, and a no that came too late is none.
    let answered = SubjectCommand::Answered { id, denied: is_no && counts };
    server.subject(cookie.owner, &answered, context.now).await?;
    Ok(counts)
}

/// Takes back what somebody has allowed, unless the client has its tokens. Returns what the page says then; `None` if the form names
/// no request. The person's object decides; the transaction only tells the client, and if that fails, it learns it on redeeming.
pub(super) async fn withdraw<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    cookie: &SessionCookie,
    form: &Form,
) -> Result<Option<AccountNotice>, Failure> {
    let Some(id) = form.value("request").and_then(Id::parse) else { return Ok(None) };
    let withdrawn = server.subject(cookie.owner, &SubjectCommand::Withdraw { id }, context.now).await?;
    let SubjectReply::Asked(asked) = withdrawn else { return Ok(Some(AccountNotice::RequestFetched)) };
    context.note_client(&asked.client_id);
    let keyring = server.any_keyring(context.now).await?;
    let command = PollingCommand::Withdraw { sha256: asked.sha256 };
    server.polling(&object_name(&keyring.derived, id), command).await?;
    Ok(Some(AccountNotice::RequestWithdrawn))
}

/// Sets the code that clients have to send with a request, or removes it. Returns what the page says then.
pub(super) async fn set_code<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    cookie: &SessionCookie,
    code: Option<&str>,
) -> Result<AccountNotice, Failure> {
    if code.is_some_and(|code| !is_request_code(code)) {
        return Ok(AccountNotice::RequestCodeUnfit);
    }
    let keyring = server.any_keyring(context.now).await?;
    let hash = code.map(|code| request_code_hash(&keyring.derived, cookie.owner, code));
    server.subject(cookie.owner, &SubjectCommand::SetRequestCode { code: hash }, context.now).await?;
    Ok(if code.is_some() { AccountNotice::RequestCodeSet } else { AccountNotice::RequestCodeRemoved })
}

/// How and when the person has authenticated: in the session, or just now with the password, if that is too long ago.
async fn authentication<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    (client, state): (&Client, &SessionState),
    form: &Form,
) -> Result<Result<Authentication, AccountNotice>, Failure> {
    if !is_too_old(client, state.session.auth.auth_time, context.now) {
        return Ok(Ok(state.session.auth.clone()));
    }
    // Nothing was typed, so no guess is counted.
    let Some(password) = form.value("request_password").filter(|password| !password.is_empty()) else {
        return Ok(Err(AccountNotice::RequestNeedsPassword));
    };
    match login::with_password(server, context, Door::Page, &state.user.login, password).await? {
        Ok(login) if login.user.id == state.user.id => Ok(Ok(login.auth)),
        Err(Problem::TooMany) => Ok(Err(AccountNotice::TooManyAttempts)),
        Err(Problem::Busy) => Err(login::busy().into()),
        Ok(_) | Err(Problem::Wrong) => Ok(Err(AccountNotice::RequestNeedsPassword)),
    }
}

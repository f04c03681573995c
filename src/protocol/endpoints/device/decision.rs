//! The decision about a device: what asks for what, since when and roughly from where; then yes or no.
//!
//! What was shown travels in the page, sealed, and the decision is about exactly that: the object compares the hash that the page
//! was made with.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::Visitor;
use super::entry;
use crate::protocol::config::registered_client::Client;
use crate::protocol::endpoints::account::ago;
use crate::protocol::endpoints::client_face::client_face;
use crate::protocol::endpoints::consent_groups::consent_groups;
use crate::protocol::endpoints::device_authorization::country;
use crate::protocol::endpoints::sign_in::{self, Destination};
use crate::protocol::http::Response;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::http::json::to_json;
use crate::protocol::keys::derived::Derived;
use crate::protocol::keys::sealed::{FLOW_PREFIX, open, seal};
use crate::protocol::login::codes::network_mark;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::scope::{ScopeSet, is_of_admin};
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::MINUTE;
use crate::protocol::model::user_code::UserCode;
use crate::protocol::objects::polling::{PollingCommand, PollingReply};
use crate::protocol::pages::{DeviceDonePage, DevicePage, DeviceProblem, Whereabouts};
use crate::protocol::server::lookup::Found;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::state::polling::PersonsDecision;
use crate::protocol::tokens::device_code::{DeviceRequest, object_name};
use crate::protocol::tokens::polling_code::Approval;
use crate::protocol::tokens::roles::is_beyond_role;

/// How old a login may be that permits administration, in seconds.
const MAX_AGE: u64 = 5 * MINUTE;

/// What a page shows, sealed, as its form brings it back.
#[derive(Serialize, Deserialize)]
struct Shown {
    /// The code, in its normal form. Tells the value from other sealed ones, too.
    device_user_code: String,
    sha256: SecretHash,
    request: DeviceRequest,
    /// The scopes that the page lists. More isn't permitted, even if the account's role grows while the page is open.
    scopes: ScopeSet,
}

/// The client that asks, if it may still get anything.
pub(super) async fn client<P: Platform>(
    visitor: &Visitor<'_, P>,
    request: &DeviceRequest,
) -> Result<Option<Rc<Client>>, Failure> {
    let Visitor { server, context, .. } = visitor;
    let Found::Client(client) = server.client(&request.asked.client_id, context.now).await? else {
        return Ok(None);
    };
    let counts =
        client.is_enabled() && server.is_current(&client, request.asked.incarnation, context.now).await?;
    if counts {
        context.note_client(&client.client_id);
    }
    Ok(counts.then_some(client))
}

/// Shows what a device asks for.
pub(super) async fn page<P: Platform>(
    visitor: &Visitor<'_, P>,
    client: &Client,
    code: &UserCode,
    (sha256, request): (SecretHash, DeviceRequest),
) -> Result<Response, Failure> {
    let Visitor { server, context, .. } = visitor;
    if !is_recent_enough(visitor, &request) {
        return sign_in_again(visitor, client, code).await;
    }
    let scopes = server.within_role(visitor.state.user.id, &request.asked.scopes, context.now).await?;
    if is_beyond_role(&request.asked.scopes, &scopes) {
        return entry::again(visitor, DeviceProblem::NoRole).await;
    }
    let keyring = server.any_keyring(context.now).await?;
    let shown = Shown { device_user_code: code.as_str().to_owned(), sha256, request, scopes };
    let flow = seal(&keyring.derived.flow, FLOW_PREFIX, &shown, &server.platform)?;
    let snapshot = server.snapshot_for(client, context.now).await?;
    let (request, scopes) = (&shown.request, &shown.scopes);
    let own_country = country(context);
    let page = visitor.page(&flow, |target| {
        DevicePage {
            base: server.issuer.path(),
            theme: &snapshot.branding,
            client: client_face(client),
            target,
            account: &visitor.state.user.login,
            code: &code.to_string(),
            asked: &ago(request.started_at, context.now),
            whereabouts: whereabouts(&keyring.derived, context, own_country.as_deref(), request),
            groups: consent_groups(&snapshot, scopes, scopes),
            blocked: is_blocked(&keyring.derived, context, client, request),
            keeps: client.may_use(GrantType::RefreshToken),
        }
        .render()
    });
    page.await
}

/// Where the device is, seen from the browser behind `context`, which is in the country `own`.
fn whereabouts<'a>(
    derived: &Derived,
    context: &RequestContext<'_>,
    own: Option<&str>,
    request: &'a DeviceRequest,
) -> Whereabouts<'a> {
    let mine = network_mark(derived, context);
    match (&request.network, &request.country) {
        (Some(network), _) if mine.as_ref() == Some(network) => Whereabouts::Here,
        (_, Some(country)) if own == Some(country) => Whereabouts::SameCountry(country),
        (_, Some(country)) if own.is_some() => Whereabouts::Elsewhere(country),
        (_, Some(country)) => Whereabouts::In(country),
        (Some(_), None) if mine.is_some() => Whereabouts::OtherNetwork,
        _ => Whereabouts::Unknown,
    }
}

/// Whether the client's devices are connected from their own network only, and this person is in another.
fn is_blocked(
    derived: &Derived,
    context: &RequestContext<'_>,
    client: &Client,
    request: &DeviceRequest,
) -> bool {
    let is_here = request.network.is_some() && request.network == network_mark(derived, context);
    client.device.same_network && !is_here
}

/// Answers the form that such a page sent.
pub(super) async fn submitted<P: Platform>(
    visitor: &Visitor<'_, P>,
    flow: &str,
    form: &Form,
) -> Result<Response, Failure> {
    let Visitor { server, context, .. } = visitor;
    let keyring = server.keyring_for(flow, context.now).await?;
    let shown = open::<Shown>(&keyring.derived.flow, FLOW_PREFIX, flow);
    let code = shown.as_ref().and_then(|shown| UserCode::parse(&shown.device_user_code));
    let (Some(shown), Some(code)) = (shown, code) else {
        return entry::again(visitor, DeviceProblem::PageExpired).await;
    };
    let Some(client) = client(visitor, &shown.request).await? else {
        return entry::again(visitor, DeviceProblem::Unknown).await;
    };
    let decision = match form.value("action").unwrap_or_default() {
        "switch" => return sign_in_again(visitor, &client, &code).await,
        "deny" => PersonsDecision::Denied,
        "allow" => match permission(visitor, &client, &shown, &keyring.derived).await? {
            Ok(approval) => PersonsDecision::Approved(to_json(&approval)?),
            Err(Hindrance::Elsewhere) => {
                context.note_refusal(Code::AccessDenied, Cause::DeviceElsewhere);
                return page(visitor, &client, &code, (shown.sha256, shown.request)).await;
            }
            Err(Hindrance::OldLogin) => return sign_in_again(visitor, &client, &code).await,
            Err(Hindrance::Other(problem)) => return entry::again(visitor, problem).await,
        },
        _ => {
            let description = "the form is incomplete";
            return Err(OAuthError::new(Code::InvalidRequest, Cause::ParameterMalformed, description).into());
        }
    };
    let allowed = decision != PersonsDecision::Denied;
    let command = PollingCommand::Decide { sha256: shown.sha256, decision };
    match server.polling(&object_name(&keyring.derived, &code), command).await? {
        PollingReply::Done => done(visitor, &client, allowed).await,
        _ => entry::again(visitor, DeviceProblem::Unknown).await,
    }
}

/// Why somebody can't permit what they want to.
enum Hindrance {
    /// The device is in another network, and the client's settings want it in the person's.
    Elsewhere,
    /// The login is too old for what is asked.
    OldLogin,
    Other(DeviceProblem),
}

/// What the person permits, unless something is in the way.
async fn permission<P: Platform>(
    visitor: &Visitor<'_, P>,
    client: &Client,
    shown: &Shown,
    derived: &Derived,
) -> Result<Result<Approval, Hindrance>, Failure> {
    if is_blocked(derived, visitor.context, client, &shown.request) {
        return Ok(Err(Hindrance::Elsewhere));
    }
    if !is_recent_enough(visitor, &shown.request) {
        return Ok(Err(Hindrance::OldLogin));
    }
    let Some(approval) = approval(visitor, client, shown).await? else {
        return Ok(Err(Hindrance::Other(DeviceProblem::PageExpired)));
    };
    let asked = &shown.request.asked.scopes;
    if is_beyond_role(asked, approval.scopes.as_ref().unwrap_or(asked)) {
        return Ok(Err(Hindrance::Other(DeviceProblem::NoRole)));
    }
    Ok(Ok(approval))
}

/// Whether the person may permit this without signing in once more. Administration takes a login of a moment ago: a stranger who
/// talks an administrator into typing a code must not find the door open already.
fn is_recent_enough<P: Platform>(visitor: &Visitor<'_, P>, request: &DeviceRequest) -> bool {
    let age = visitor.context.now.since(visitor.state.session.auth.auth_time);
    age <= MAX_AGE || !request.asked.scopes.iter().any(is_of_admin)
}

/// Has somebody sign in, and leads back to the code; where it has to be typed, to the page that asks for it.
async fn sign_in_again<P: Platform>(
    visitor: &Visitor<'_, P>,
    client: &Client,
    code: &UserCode,
) -> Result<Response, Failure> {
    let Visitor { server, context, browser, .. } = visitor;
    let to = Destination::device(client.device.link.then_some(code));
    sign_in::page(server, context, browser, (None, None), to).await
}

/// What the approval is made with: the session as it is now, and what of the request its account may have.
async fn approval<P: Platform>(
    visitor: &Visitor<'_, P>,
    client: &Client,
    Shown { request, scopes, .. }: &Shown,
) -> Result<Option<Approval>, Failure> {
    let Visitor { server, context, browser, .. } = visitor;
    let state = browser.session_state(server, context, Some(&client.client_id)).await?;
    let Some((state, cookie)) = state.zip(browser.session.as_ref()) else { return Ok(None) };
    let scopes = server.within_role(state.user.id, scopes, context.now).await?;
    let less = Some(scopes).filter(|scopes| *scopes != request.asked.scopes);
    let auth = state.session.auth.clone();
    Ok(Some(Approval { scopes: less, ..Approval::in_session(&state, cookie.sid, auth) }))
}

async fn done<P: Platform>(
    visitor: &Visitor<'_, P>,
    client: &Client,
    allowed: bool,
) -> Result<Response, Failure> {
    let snapshot = visitor.server.snapshot(visitor.context.now).await?;
    let (base, theme) = (visitor.server.issuer.path(), &snapshot.branding);
    Ok(DeviceDonePage { base, theme, client: client_face(client), allowed }.render())
}

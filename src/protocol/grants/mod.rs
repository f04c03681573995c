//! The grant types (RFC 6749 §1.3) and their registry: one file for each and one line in `registry!`.
//!
//! A grant decides and doesn't issue. It gets an [`AuthenticatedClient`] and its parameters, and returns a [`Decision`], which
//! the dispatch makes a [`Granted`]. The token endpoint calls the dispatch. Metadata, client registration and dispatch all read
//! this registry.

mod authorization_code;
mod ciba;
mod client_credentials;
mod delegation;
mod device_code;
mod external;
mod guest;
mod jwt_bearer;
mod native_sso;
mod on_behalf;
mod password;
mod polled;
mod refresh_token;
mod subject_token;
mod token_exchange;
mod transaction_token;

use crate::protocol::model::grant_type::GrantType;
use crate::protocol::tokens::target::Target;
use external::exchange_external;
pub use external::{Preview, preview};

use std::rc::Rc;

use futures_util::FutureExt as _;
use serde_json::{Map, Value};

use crate::protocol::client_auth::AuthenticatedClient;
use crate::protocol::config::snapshot::Snapshot;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::model::id::Id;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::secret::Secret;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::Authentication;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// What is to be issued because a grant decided so. Only `dispatch` makes one, of what the request's grant returned, and
/// [`crate::protocol::issue`] mints nothing else.
#[derive(Debug)]
pub struct Granted(Decision);

impl std::ops::Deref for Granted {
    type Target = Decision;

    fn deref(&self) -> &Decision {
        &self.0
    }
}

impl Granted {
    /// The refresh token and the device secret that are issued as well, if there are any.
    pub(crate) fn into_secrets(self) -> (Option<String>, Option<String>) {
        let Some(user) = self.0.user else { return (None, None) };
        (user.refresh_token, user.device_secret.map(|secret| secret.expose().to_owned()))
    }
}

/// The decision of a grant, before the dispatch makes it a [`Granted`].
#[derive(Debug)]
pub struct Decision {
    /// The `sub` of the token.
    pub(crate) subject: String,
    /// The client that the token is issued to.
    pub(crate) client_id: String,
    /// What the access token is for.
    pub(crate) target: Target,
    /// Reserved claims besides the usual ones: `act`, `may_act`, and how a user logged in.
    pub(crate) vouched: Map<String, Value>,
    /// What is issued as well when a user stands behind the grant.
    pub(crate) user: Option<UserTokens>,
    /// The type of token that a token exchange answers with; unset for any other grant.
    pub(crate) issued: Option<TokenType>,
}

impl Decision {
    /// A decision for an access token whose subject is `subject`, and nothing else.
    pub(super) fn plain(subject: String, client_id: &str, target: Target) -> Self {
        let client_id = client_id.to_owned();
        Self { subject, client_id, target, vouched: Map::new(), user: None, issued: None }
    }
}

/// What is issued besides the access token when a user stands behind the grant.
#[derive(Debug)]
pub(crate) struct UserTokens {
    pub(crate) owner: UserId,
    pub(crate) grant: Id,
    pub(crate) sid: Option<String>,
    pub(crate) auth: Authentication,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<IdTokenRequest>,
    /// The `ds_hash` of the ID token, if the grant is on a device where apps share a login (`Native SSO` §3.4.1).
    pub(crate) ds_hash: Option<String>,
    /// The device secret to hand out (`Native SSO` §3.4).
    pub(crate) device_secret: Option<Secret>,
}

/// An ID token that is to be made.
#[derive(Debug)]
pub(crate) struct IdTokenRequest {
    pub(crate) nonce: Option<String>,
    pub(crate) alg: Alg,
    pub(crate) claims: Map<String, Value>,
}

/// What a grant decides with: the authenticated client and its request.
pub(crate) struct GrantRequest<'a, P> {
    pub(crate) server: &'a Server<P>,
    pub(crate) context: &'a RequestContext<'a>,
    pub(crate) client: AuthenticatedClient,
    /// The configuration by which client and request are judged.
    pub(crate) snapshot: Rc<Snapshot>,
    pub(crate) form: &'a Form,
}

/// Has the grant that `grant_type` names decide. The grant has to exist, and the client has to be registered for it.
pub(crate) async fn dispatch<P: Platform>(request: GrantRequest<'_, P>) -> Result<Granted, Failure> {
    let GrantRequest { context, client, form, .. } = &request;
    let name = form.require("grant_type", "grant_type is missing")?;
    let grant = GrantType::parse(name).ok_or(OAuthError::new(
        Code::UnsupportedGrantType,
        Cause::GrantTypeUnknown,
        "this server has no such grant",
    ))?;
    context.grant.set(Some(grant.name()));
    if grant.info().confidential_only && client.is_public() {
        return Err(unauthorized(Cause::ClientPublic, "a public client may not use this grant"));
    }
    if !client.may_use(grant) {
        return Err(unauthorized(Cause::GrantNotAllowed, "the client is not registered for this grant"));
    }
    decide(grant, request).await.map(Granted)
}

fn unauthorized(cause: Cause, description: &'static str) -> Failure {
    OAuthError::new(Code::UnauthorizedClient, cause, description).into()
}

/// Calls the grant. A grant type without a line here doesn't compile.
async fn decide<P: Platform>(grant: GrantType, request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    // The futures are boxed for the reason that `app::route` gives.
    match grant {
        GrantType::AuthorizationCode => authorization_code::decide(request).boxed_local().await,
        GrantType::Ciba => ciba::decide(request).boxed_local().await,
        GrantType::ClientCredentials => client_credentials::decide(request),
        GrantType::Delegation => delegation::decide(request).boxed_local().await,
        GrantType::DeviceCode => device_code::decide(request).boxed_local().await,
        GrantType::Guest => guest::decide(request),
        GrantType::JwtBearer => jwt_bearer::decide(request).boxed_local().await,
        GrantType::Password => password::decide(request).boxed_local().await,
        GrantType::RefreshToken => refresh_token::decide(request).boxed_local().await,
        GrantType::TokenExchange => token_exchange::decide(request).boxed_local().await,
    }
}

//! The grant registry: one file per grant and one line in `registry!`.
//!
//! A grant decides and doesn't issue: it gets an [`AuthenticatedClient`] and its parameters and returns a
//! [`Granted`]. Metadata, client registration and dispatch all read this registry.

mod authorization_code;
mod client_credentials;
mod delegation;
mod external;
mod guest;
mod jwt_bearer;
mod on_behalf;
mod password;
mod refresh_token;
mod subject_token;
mod token_exchange;

use crate::protocol::model::grant_type::GrantType;
use crate::protocol::tokens::target::Target;
use external::exchange_external;
pub use external::{Preview, preview};

use futures_util::FutureExt as _;
use serde_json::{Map, Value};

use crate::protocol::client_auth::AuthenticatedClient;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::http::form::Form;
use crate::protocol::model::id::Id;
use crate::protocol::model::jwk::Alg;
use crate::protocol::model::token_type::TokenType;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::subject::Authentication;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// What a grant decided. Only grants make one, and only [`crate::protocol::issue`] takes it.
#[derive(Debug)]
pub struct Granted {
    pub(super) subject: String,
    pub(super) client_id: String,
    /// What its access token is for.
    pub(super) target: Target,
    /// Reserved claims besides the usual ones: `act`, `may_act` and what is known of a person's login.
    pub(super) vouched: Map<String, Value>,
    pub(super) user: Option<UserTokens>,
    /// What a token exchange answers with; an ordinary answer if unset.
    pub(super) issued: Option<TokenType>,
}

impl Granted {
    /// An access token that speaks of `subject`, and nothing besides.
    pub(super) fn plain(subject: String, client_id: &str, target: Target) -> Self {
        let client_id = client_id.to_owned();
        Self { subject, client_id, target, vouched: Map::new(), user: None, issued: None }
    }
}

/// What is issued besides when a person stands behind the grant.
#[derive(Debug)]
pub(super) struct UserTokens {
    pub(super) owner: UserId,
    pub(super) grant: Id,
    pub(super) sid: Option<String>,
    pub(super) auth: Authentication,
    pub(super) refresh_token: Option<String>,
    pub(super) id_token: Option<IdTokenRequest>,
}

/// An ID token to be made.
#[derive(Debug)]
pub(super) struct IdTokenRequest {
    pub(super) nonce: Option<String>,
    pub(super) alg: Alg,
    pub(super) claims: Map<String, Value>,
}

/// What a grant gets to decide with.
pub(crate) struct GrantRequest<'a, P> {
    pub(crate) server: &'a Server<P>,
    pub(crate) context: &'a RequestContext<'a>,
    pub(crate) client: AuthenticatedClient,
    pub(crate) form: &'a Form,
}

/// Sends a request to its grant: the grant has to exist, and the client has to be registered for it.
pub(crate) async fn dispatch<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    client: AuthenticatedClient,
    form: &Form,
) -> Result<Granted, Failure> {
    let name = form.require("grant_type", "grant_type is missing")?;
    let grant = GrantType::parse(name).ok_or(OAuthError::new(
        Code::UnsupportedGrantType,
        Cause::GrantTypeUnknown,
        "this server has no such grant",
    ))?;
    context.grant.set(Some(grant.name()));
    if grant.info().confidential_only && client.is_public() {
        return unauthorized(Cause::ClientPublic, "a public client may not use this grant");
    }
    if !client.may_use(grant) {
        return unauthorized(Cause::GrantNotAllowed, "the client is not registered for this grant");
    }
    decide(grant, GrantRequest { server, context, client, form }).await
}

fn unauthorized(cause: Cause, description: &'static str) -> Result<Granted, Failure> {
    Err(OAuthError::new(Code::UnauthorizedClient, cause, description).into())
}

/// Lets the grant decide. A variant without a line here doesn't compile.
async fn decide<P: Platform>(grant: GrantType, request: GrantRequest<'_, P>) -> Result<Granted, Failure> {
    // Boxed: see `app::route`.
    match grant {
        GrantType::AuthorizationCode => authorization_code::decide(request).boxed_local().await,
        GrantType::ClientCredentials => client_credentials::decide(request).boxed_local().await,
        GrantType::Delegation => delegation::decide(request).boxed_local().await,
        GrantType::Guest => guest::decide(request).boxed_local().await,
        GrantType::JwtBearer => jwt_bearer::decide(request).boxed_local().await,
        GrantType::Password => password::decide(request).boxed_local().await,
        GrantType::RefreshToken => refresh_token::decide(request).boxed_local().await,
        GrantType::TokenExchange => token_exchange::decide(request).boxed_local().await,
    }
}

//! The grant registry: one file per grant and one line in `registry!`.
//!
//! A grant decides and doesn't issue: it gets an [`AuthenticatedClient`] and its parameters and returns a
//! [`Granted`]. Metadata, client registration and dispatch all read this registry.

pub(super) mod audience;
mod authorization_code;
mod client_credentials;
mod delegation;
mod external;
mod guest;
mod jwt_bearer;
mod on_behalf;
mod password;
mod refresh_token;
pub(super) mod target;
mod token_exchange;

pub(crate) use audience::requested_for_user;
use external::exchange_external;
pub use external::{Preview, preview};
use target::Target;

use std::fmt;

use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::client_auth::AuthenticatedClient;
use super::error::{Cause, Code, Failure, OAuthError};
use super::exchange::TokenType;
use super::form::Form;
use super::id::Id;
use super::jwk::Alg;
use super::log::Exchange;
use super::objects::subject::Authentication;
use super::ports::Platform;
use super::server::Server;
use super::subject::UserId;

/// What the registry says of a grant.
#[derive(Debug)]
pub struct GrantInfo {
    /// Its `grant_type`.
    pub name: &'static str,
    /// Whether only clients that authenticate may use it.
    pub confidential_only: bool,
    /// Whether its tokens speak of a person.
    pub speaks_of_user: bool,
    /// Whether the metadata names it only if a client is registered for it.
    pub on_request_only: bool,
}

/// What a grant decided. Only grants make one, and only [`super::issue`] takes it.
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
    pub(crate) exchange: &'a Exchange<'a>,
    pub(crate) client: AuthenticatedClient,
    pub(crate) form: &'a Form,
}

macro_rules! registry {
    ($($variant:ident => $module:ident),+ $(,)?) => {
        /// A grant that this server has. In JSON and on the wire its registered name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum GrantType {
            $(#[doc = concat!("See the module `", stringify!($module), "`.")] $variant),+
        }

        impl GrantType {
            /// All of them, in registration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What the registry says of it.
            pub const fn info(self) -> &'static GrantInfo {
                match self { $(Self::$variant => &$module::INFO),+ }
            }
        }

        async fn decide<P: Platform>(grant: GrantType, request: GrantRequest<'_, P>) -> Result<Granted, Failure> {
            // Boxed: see `endpoints::route`.
            match grant { $(GrantType::$variant => $module::decide(request).boxed_local().await),+ }
        }
    };
}

registry! {
    AuthorizationCode => authorization_code,
    ClientCredentials => client_credentials,
    Delegation => delegation,
    Guest => guest,
    JwtBearer => jwt_bearer,
    Password => password,
    RefreshToken => refresh_token,
    TokenExchange => token_exchange,
}

impl GrantType {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The grant called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.name() == name)
    }
}

/// Sends a request to its grant: the grant has to exist, and the client has to be registered for it.
pub(crate) async fn dispatch<P: Platform>(
    server: &Server<P>,
    exchange: &Exchange<'_>,
    client: AuthenticatedClient,
    form: &Form,
) -> Result<Granted, Failure> {
    let name = form.require("grant_type", "grant_type is missing")?;
    let grant = GrantType::parse(name).ok_or(OAuthError::new(
        Code::UnsupportedGrantType,
        Cause::GrantTypeUnknown,
        "this server has no such grant",
    ))?;
    exchange.grant.set(Some(grant.name()));
    if grant.info().confidential_only && client.is_public() {
        return unauthorized(Cause::ClientPublic, "a public client may not use this grant");
    }
    if !client.may_use(grant) {
        return unauthorized(Cause::GrantNotAllowed, "the client is not registered for this grant");
    }
    decide(grant, GrantRequest { server, exchange, client, form }).await
}

fn unauthorized(cause: Cause, description: &'static str) -> Result<Granted, Failure> {
    Err(OAuthError::new(Code::UnauthorizedClient, cause, description).into())
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for GrantType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for GrantType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|grant| format!("`{grant}`")).collect();
            serde::de::Error::custom(format!("unknown grant `{name}`, expected one of {}", known.join(", ")))
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for GrantType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GrantType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = Self::ALL.iter().map(|grant| grant.name()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

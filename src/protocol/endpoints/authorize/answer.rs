//! Answers of the authorization endpoint: a code, an error, or a page when nobody can be redirected to.
//!
//! Each carries `iss` (RFC 9207). A redirect goes to a registered URI only: whoever holds a [`ReturnTo`] got it from a
//! [`RegisteredRedirectUri`].

use serde::{Deserialize, Serialize};

use super::leave;
use crate::protocol::config::registered_client::Client;
use crate::protocol::model::secret::is_carried_client_id;

use crate::protocol::codec::encoding::form_encode;
use crate::protocol::config::redirect_uri::RegisteredRedirectUri;
use crate::protocol::http::Response;
use crate::protocol::http::error::{Failure, OAuthError, ServerError};
use crate::protocol::keys::sealed::{CODE_PREFIX, seal};
use crate::protocol::pages::FormPostPage;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;
use crate::protocol::tokens::authorization_code::AuthorizationCode;

/// `response_mode` (`OAuth 2.0 Multiple Response Types` §2.1, `Form Post Response Mode`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponseMode {
    #[default]
    Query,
    Fragment,
    FormPost,
}

impl ResponseMode {
    pub(crate) const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// Where and how an authorization response goes to the client.
#[derive(Debug, Clone)]
pub(super) struct ReturnTo {
    pub(super) redirect_uri: String,
    pub(super) response_mode: ResponseMode,
    pub(super) state: Option<String>,
    /// Whether the client has registered itself, so that nobody vouches for the address.
    pub(super) is_strangers: bool,
}

impl ReturnTo {
    pub(super) fn new(
        (client, uri): (&Client, &RegisteredRedirectUri),
        response_mode: ResponseMode,
        state: Option<&str>,
    ) -> Self {
        let is_strangers = is_carried_client_id(&client.client_id);
        let (redirect_uri, state) = (uri.as_str().to_owned(), state.map(str::to_owned));
        Self { redirect_uri, response_mode, state, is_strangers }
    }

    /// RFC 9700 §4.11.2: a browser in which nobody is logged in isn't sent to a site that anybody may have registered, or every link
    /// to this server could lead anywhere. A program on the person's own computer is no such site.
    pub(super) fn needs_a_person(&self) -> bool {
        self.is_strangers && self.redirect_uri.starts_with("https:")
    }

    fn answer<'a, P: Platform>(
        &'a self,
        server: &'a Server<P>,
        context: &RequestContext<'_>,
        mut parameters: Vec<(&'a str, &'a str)>,
    ) -> Response {
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        parameters.push(("iss", server.issuer.as_str()));
        let separator = match self.response_mode {
            ResponseMode::Fragment => '#',
            ResponseMode::Query if self.redirect_uri.contains('?') => '&',
            ResponseMode::Query => '?',
            ResponseMode::FormPost => {
                let base = server.issuer.path();
                return FormPostPage { base, action: &self.redirect_uri, parameters: &parameters }.render();
            }
        };
        leave(server, context, format!("{}{separator}{}", self.redirect_uri, encode(&parameters)))
    }
}

fn encode(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", form_encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Sends the client an authorization code.
pub(super) async fn code<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    target: &ReturnTo,
    code: &AuthorizationCode,
) -> Result<Response, ServerError> {
    let keyring = server.any_keyring(context.now).await?;
    let sealed = seal(&keyring.derived.code, CODE_PREFIX, code, &server.platform)?;
    Ok(target.answer(server, context, vec![("code", &sealed)]))
}

/// Sends the client an error.
pub(super) fn redirect_error<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    target: &ReturnTo,
    failure: Failure,
) -> Response {
    let (error, _) = failure.code().wire();
    let description = match &failure {
        Failure::OAuth(OAuthError { description, .. }) => description.as_str(),
        Failure::Server(_) => "the server failed; the request id finds the cause in its log",
    };
    let _ = context.fail(server.issuer.as_str(), failure);
    target.answer(server, context, vec![("error", error), ("error_description", description)])
}

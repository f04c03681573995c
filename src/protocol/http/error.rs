//! The two kinds of failure, and the one table that puts them on the wire.
//!
//! [`OAuthError`] is the client's: an RFC code with fixed text. [`ServerError`] is ours: logged with the
//! request id and answered as `server_error` without detail. Whatever says more than the fixed text is a
//! [`Cause`], for logs and tests only.

use std::borrow::Cow;

use serde::Serialize;

use super::Response;
use super::description::Description;

/// Declares [`Code`] and its table in one, so that the compiler refuses a code without a name and a status on the wire,
/// and none is missing from [`Code::ALL`].
macro_rules! codes {
    ($($(#[$documentation:meta])* $code:ident => $name:literal, $status:literal;)*) => {
        /// Error codes that Mintedge puts on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$documentation])* $code,)*
        }

        impl Code {
            /// Every code, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// The code's name on the wire and its HTTP status.
            pub const fn wire(self) -> (&'static str, u16) {
                match self {
                    $(Self::$code => ($name, $status),)*
                }
            }
        }
    };
}

codes! {
    /// RFC 6749 §5.2: a request that is malformed, misses a parameter or repeats one.
    InvalidRequest => "invalid_request", 400;
    /// RFC 6749 §5.2: client authentication failed.
    InvalidClient => "invalid_client", 401;
    /// RFC 6749 §5.2: this client may not use this grant.
    UnauthorizedClient => "unauthorized_client", 400;
    /// RFC 6749 §5.2: the server doesn't have this grant type.
    UnsupportedGrantType => "unsupported_grant_type", 400;
    /// RFC 6749 §5.2: the code or refresh token is invalid, expired, revoked or somebody else's.
    InvalidGrant => "invalid_grant", 400;
    /// RFC 6749 §5.2: unknown scope or beyond what the client may have.
    InvalidScope => "invalid_scope", 400;
    /// RFC 8707 §2: unknown resource or one the client has no scope at.
    InvalidTarget => "invalid_target", 400;
    /// RFC 6749 §4.1.2.1: the person or the server said no.
    AccessDenied => "access_denied", 403;
    /// RFC 6749 §4.1.2.1: a `response_type` other than `code`.
    UnsupportedResponseType => "unsupported_response_type", 400;
    /// `OpenID Connect Core` §3.1.2.6: nobody is logged in, and no page may be shown.
    LoginRequired => "login_required", 400;
    /// `OpenID Connect Core` §3.1.2.6: consent is needed, and no page may be shown.
    ConsentRequired => "consent_required", 400;
    /// `OpenID Connect Core` §3.1.2.6: request objects are not supported.
    RequestNotSupported => "request_not_supported", 400;
    /// `OpenID Connect Core` §3.1.2.6: only references to pushed requests are supported.
    RequestUriNotSupported => "request_uri_not_supported", 400;
    /// RFC 7591 §3.2.2: a redirect URI can't be registered.
    InvalidRedirectUri => "invalid_redirect_uri", 400;
    /// RFC 7591 §3.2.2: a client's metadata can't be registered.
    InvalidClientMetadata => "invalid_client_metadata", 400;
    /// RFC 9101 §6.2: the pushed request is unknown, expired or used.
    InvalidRequestUri => "invalid_request_uri", 400;
    /// RFC 8628 §3.5, `CIBA` §11: nobody has decided yet.
    AuthorizationPending => "authorization_pending", 400;
    /// RFC 8628 §3.5, `CIBA` §11: nobody has decided yet, and the client polls too often.
    SlowDown => "slow_down", 400;
    /// RFC 8628 §3.5, `CIBA` §11: nobody has decided in time.
    ExpiredToken => "expired_token", 400;
    /// RFC 8628 §3.5, `CIBA` §11: somebody has said no, and the client learns it at the token endpoint.
    PersonDenied => "access_denied", 400;
    /// `CIBA` §13: the hint is about nobody whom this server knows, or it doesn't tell.
    UnknownUserId => "unknown_user_id", 400;
    /// `CIBA` §13: the token that names whom to ask has ended.
    ExpiredLoginHintToken => "expired_login_hint_token", 400;
    /// `CIBA` §13: the code that the person has set has to be sent.
    MissingUserCode => "missing_user_code", 400;
    /// `CIBA` §13: the code isn't the one that the person has set.
    InvalidUserCode => "invalid_user_code", 400;
    /// `CIBA` §13: the binding message is too long, or has characters that can't be seen.
    InvalidBindingMessage => "invalid_binding_message", 400;
    /// RFC 7009 §2.2.1: tokens of this kind can't be revoked.
    UnsupportedTokenType => "unsupported_token_type", 400;
    /// A form was sent from elsewhere, or is too old.
    Forbidden => "access_denied", 403;
    /// RFC 6750 §3.1: the bearer token is missing, malformed, expired or for someone else.
    InvalidToken => "invalid_token", 401;
    /// RFC 6750 §3: there is no bearer token; the challenge then names no error (§3.1).
    TokenMissing => "invalid_token", 401;
    /// RFC 6750 §3.1: the bearer token lacks the scope.
    InsufficientScope => "insufficient_scope", 403;
    /// There is nothing at this path.
    NotFound => "not_found", 404;
    /// The path exists, the method does not.
    MethodNotAllowed => "invalid_request", 405;
    /// The body is over its limit.
    TooLarge => "invalid_request", 413;
    /// RFC 9126 §2.3: too many requests of a kind that anybody can make.
    TooManyRequests => "temporarily_unavailable", 429;
    /// A dependency is out of reach; worth another try.
    TemporarilyUnavailable => "temporarily_unavailable", 503;
    /// RFC 6749 §4.1.2.1: a failure of the server, answered without detail.
    ServerError => "server_error", 500;
}

impl Code {
    /// When another try may help (RFC 9110 §10.2.3), in seconds.
    pub const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::TemporarilyUnavailable => Some("1"),
            Self::TooManyRequests => Some("60"),
            _ => None,
        }
    }

    /// The challenge that has to accompany the status (RFC 6749 §5.2, RFC 6750 §3, RFC 9110 §11.6.1).
    fn challenge(self, realm: &str) -> Option<String> {
        let name = self.wire().0;
        match self {
            Self::InvalidClient => Some(format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")),
            Self::TokenMissing => Some(format!("Bearer realm=\"{realm}\"")),
            Self::InvalidToken | Self::InsufficientScope => {
                Some(format!("Bearer realm=\"{realm}\", error=\"{name}\""))
            }
            Self::InvalidRequest
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidGrant
            | Self::InvalidScope
            | Self::InvalidTarget
            | Self::AccessDenied
            | Self::UnsupportedResponseType
            | Self::LoginRequired
            | Self::ConsentRequired
            | Self::RequestNotSupported
            | Self::RequestUriNotSupported
            | Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::InvalidRequestUri
            | Self::AuthorizationPending
            | Self::SlowDown
            | Self::ExpiredToken
            | Self::PersonDenied
            | Self::UnknownUserId
            | Self::ExpiredLoginHintToken
            | Self::MissingUserCode
            | Self::InvalidUserCode
            | Self::InvalidBindingMessage
            | Self::UnsupportedTokenType
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooLarge
            | Self::TooManyRequests
            | Self::TemporarilyUnavailable
            | Self::ServerError => None,
        }
    }
}

/// Why a request failed, finer than the wire code. Goes to the log and to tests, never to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Cause {
    BodyTooLarge,
    BodyNotUtf8,
    ContentType,
    QueryNotAllowed,
    FormMalformed,
    FormTooManyParameters,
    FormParameterTooLong,
    ParameterRepeated,
    ParameterMissing,
    GrantTypeUnknown,
    GrantNotAllowed,
    AuthorizationHeaderMalformed,
    AuthorizationSchemeUnknown,
    SeveralAuthMethods,
    ClientIdMismatch,
    ClientIdMissing,
    ClientUnknown,
    ClientIdForged,
    ClientLookupsExhausted,
    ClientDisabled,
    ClientPublic,
    DocumentUrl,
    DocumentRule,
    DocumentNotAdmitted,
    DocumentUnreachable,
    DocumentWrong,
    DocumentOutdated,
    DocumentFetchesExhausted,
    AuthMethodNotRegistered,
    AuthMethodWrong,
    SecretMissing,
    SecretWrong,
    SecretExpired,
    ScopeMalformed,
    ScopeUnknown,
    ScopeBeyondCeiling,
    ScopeNotOfResource,
    ScopeNeedsUser,
    ScopeNeedsOpenid,
    ScopeSpansResources,
    ScopeEmpty,
    ResourceMalformed,
    ResourceUnknown,
    ResourceNotForClient,
    ResourcesDisagree,
    BearerMissing,
    BearerMalformed,
    BearerType,
    BearerAlgorithm,
    BearerKeyUnknown,
    BearerSignature,
    BearerClaims,
    BearerExpired,
    BearerAudience,
    BearerScope,
    ScopeBeyondGrant,
    ResourceBeyondGrant,
    UserGone,
    SessionEnded,
    CodeForged,
    CodeExpired,
    CodeUsedJustNow,
    CodeReplayed,
    RedirectUriDiffers,
    VerifierMissing,
    VerifierUnexpected,
    VerifierMalformed,
    VerifierWrong,
    GrantUnknown,
    GrantRevoked,
    TooManyRequests,
    GrantExpired,
    RefreshTokenForged,
    RefreshTokenWrong,
    RefreshReuseDetected,
    RetryDiffers,
    OtherClient,
    ClientReplaced,
    ClientOutdated,
    OtherKey,
    RedirectUriMissing,
    RedirectUriUnregistered,
    ResponseTypeUnsupported,
    ResponseModeUnsupported,
    PkceRequired,
    PkceMethod,
    ParameterMalformed,
    PromptContradictory,
    RequestObject,
    RequestUriUnknown,
    PushedRequestRequired,
    LoginRequired,
    ConsentRequired,
    AccessDenied,
    NoAdministrator,
    DeviceCodeForged,
    DeviceCodeExpired,
    Undecided,
    PollsTooOften,
    AuthReqIdForged,
    AuthReqIdExpired,
    HintMissing,
    HintUnknown,
    HintToken,
    UserCodeMissing,
    UserCodeWrong,
    BindingMessage,
    NotificationToken,
    DeviceElsewhere,
    UserCodeUnknown,
    UserCodeLinked,
    FlowExpired,
    CsrfMismatch,
    PasswordWrong,
    HashingBusy,
    TooManyAttempts,
    PasswordLoginOff,
    LinkInvalid,
    IdTokenHint,
    LogoutRedirectUnregistered,
    LogoutClientMissing,
    PlainHttp,
    TokenInactive,
    SubjectBound,
    SubjectNotForClient,
    SubjectIsNoPerson,
    IdTokenWrong,
    DeviceSecretForged,
    DeviceSecretWrong,
    NativeSsoNotShared,
    ActorIsSubject,
    ActorTokenUnusable,
    MayActMismatch,
    ActTooDeep,
    TargetNotAllowed,
    TargetMissing,
    ScopeBeyondSubject,
    TokenTypeNotAllowed,
    TokenTypeUnsupported,
    AssertionMalformed,
    AssertionType,
    AssertionAlgorithm,
    AssertionKeyUnknown,
    AssertionSignature,
    AssertionClaims,
    AssertionAudience,
    AssertionExpired,
    AssertionNotYetValid,
    AssertionTooOld,
    AssertionLifetime,
    AssertionBound,
    AssertionIdMissing,
    AssertionUsed,
    AssertionOfOtherClient,
    IssuerUnknown,
    IssuerUnreachable,
    RuleNone,
    RuleSeveral,
    RuleSubject,
    ScopeBeyondRule,
    ResourceBeyondRule,
    MetadataMalformed,
    MetadataRefused,
    InitialAccessToken,
    RegistrationTooLong,
    RegistrationEnded,
    RegistrationDenied,
    TooManyRegistrations,
    SectorIdentifier,
    PathUnknown,
    MethodWrong,
}

impl Cause {
    /// What of the knowledge that led to this refusal may be a minute old, and made it: with newer knowledge it may turn around.
    pub const fn stale(self) -> Option<Stale> {
        match self {
            Self::IssuerUnknown | Self::RuleNone => Some(Stale::Policy),
            Self::ClientOutdated => Some(Stale::ClientAndPolicy),
            Self::GrantNotAllowed
            | Self::ScopeUnknown
            | Self::ScopeBeyondCeiling
            | Self::ScopeEmpty
            | Self::ResourceUnknown
            | Self::ResourceNotForClient
            | Self::ScopeBeyondSubject
            | Self::TargetNotAllowed
            | Self::NativeSsoNotShared
            | Self::SubjectNotForClient => Some(Stale::Client),
            _ => None,
        }
    }
}

/// The kind of knowledge that may be up to a minute old and so have led to a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// What is known of the client may be out of date.
    Client,
    /// What is known of trusted issuers and rules may be out of date.
    Policy,
    /// Both: the client was given an end, and so may all have been.
    ClientAndPolicy,
}

/// A refusal with an RFC code and fixed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuthError {
    /// The code that goes on the wire.
    pub code: Code,
    /// The `error_description`: fixed text, never a part of the request.
    pub description: Description,
    /// The precise reason, for the log and for tests only.
    pub cause: Cause,
}

impl OAuthError {
    /// Makes the refusal of a request.
    pub const fn new(code: Code, cause: Cause, description: &'static str) -> Self {
        Self { code, description: Description::new(description), cause }
    }
}

/// A failure of the server or of something it depends on. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerError {
    /// A store or the platform's crypto did not answer; another try may help.
    Unavailable(Cow<'static, str>),
    /// Something happened that should be impossible; the text is for the log.
    Internal(Cow<'static, str>),
    /// The deployment's secrets or variables are wrong; the text says what to do.
    Misconfigured(Cow<'static, str>),
}

impl ServerError {
    /// Makes the failure of something that should be impossible.
    pub fn internal(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Internal(detail.into())
    }

    /// A deployment that somebody has to mend; `detail` says how.
    pub fn misconfigured(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Misconfigured(detail.into())
    }

    /// What happened, for the log only.
    pub fn detail(&self) -> &str {
        match self {
            Self::Unavailable(detail) | Self::Internal(detail) | Self::Misconfigured(detail) => detail,
        }
    }

    /// Makes the failure of a dependency that can't be reached.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable(detail.into())
    }
}

/// Either kind; what a step of a request may end with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request was refused.
    OAuth(OAuthError),
    /// The server failed.
    Server(ServerError),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl Failure {
    /// The code this failure has on the wire.
    pub const fn code(&self) -> Code {
        match self {
            Self::OAuth(error) => error.code,
            Self::Server(ServerError::Unavailable(_)) => Code::TemporarilyUnavailable,
            Self::Server(ServerError::Internal(_) | ServerError::Misconfigured(_)) => Code::ServerError,
        }
    }

    /// The response: RFC 6749 §5.2 JSON plus the request id.
    pub fn response(&self, realm: &str, request_id: &str) -> Response {
        let code = self.code();
        let description = match self {
            Self::OAuth(error) => error.description.as_str(),
            Self::Server(ServerError::Unavailable(_)) => "a part of the server is out of reach; try again",
            Self::Server(ServerError::Internal(_)) => {
                "the server failed; the request id finds the cause in its log"
            }
            Self::Server(ServerError::Misconfigured(_)) => {
                "the deployment's secrets are not what its keys were stored with; the request id finds in its log what to do"
            }
        };
        error_response(code, description, realm, request_id)
    }
}

#[derive(Serialize)]
struct WireError<'a> {
    error: &'a str,
    error_description: &'a str,
    request_id: &'a str,
}

/// Makes the response of the error `code`, with the status and the headers that it needs.
pub fn error_response(code: Code, description: &str, realm: &str, request_id: &str) -> Response {
    let (error, status) = code.wire();
    let body = serde_json::to_string(&WireError { error, error_description: description, request_id });
    let mut response =
        Response::json_no_store(status, body.unwrap_or_default()).with("x-request-id", request_id.to_owned());
    if let Some(challenge) = code.challenge(realm) {
        response = response.with("www-authenticate", challenge);
    }
    if let Some(seconds) = code.retry_after() {
        response = response.with("retry-after", seconds);
    }
    response
}

//! `[[trusted_issuer]]` and `[[rule]]`: whose tokens count here, and for what (RFC 7523, RFC 8693).
//!
//! These are the declarations only. `validate` checks them, `rules` matches them, `federation` verifies tokens against them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::model::scope::ScopeSet;
use crate::protocol::model::signature_alg::SignatureAlg;
use crate::protocol::model::time::{DAY, HOUR, MINUTE};

/// The bounds of [`TrustedIssuerConfig::max_age`] and [`TrustedIssuerConfig::max_lifetime`], in seconds. A week holds a managed
/// identity's day and the longest job that somebody lets run.
pub const FRESHNESS: std::ops::RangeInclusive<u64> = 30..=7 * DAY;

/// The longest job that GitLab's own runners let run, in seconds.
const GITLAB_JOB: u64 = 3 * HOUR;

/// What an issuer is; decides its address, its defaults and which claims can't be handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum IssuerKind {
    /// GitHub Actions; `https://token.actions.githubusercontent.com` unless `issuer` names an Enterprise Server's.
    GithubActions,
    /// GitLab CI; `https://gitlab.com` unless `issuer` names another instance.
    Gitlab,
    /// Google accounts: `https://accounts.google.com`.
    Google,
    /// The API server of one Kubernetes cluster.
    Kubernetes,
    /// Any other OpenID provider or JWT issuer, SPIFFE included.
    Oidc,
}

/// `[[trusted_issuer]]`: a server whose tokens count here; times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TrustedIssuerConfig {
    /// The name that rules refer to.
    pub id: String,
    /// The kind of issuer.
    pub kind: IssuerKind,
    /// The exact `iss` of its tokens; a kind with an address of its own needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The SPIFFE trust domain that it speaks for, such as `example.org`: JWT-SVIDs of it count, which may have no `iss` and no `iat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_domain: Option<String>,
    /// Where its keys are, if discovery (`OpenID Connect Discovery` §4) doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Its keys themselves (RFC 7517 §5): nothing is fetched then. In the file, `jwks_file` names a file that has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Map<String, Value>>,
    /// The `aud` values that mean this server; its issuer if unset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Signature algorithms; RS256, ES256 and `EdDSA` if unset.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algs: Vec<SignatureAlg>,
    /// How old a token may be; 600 if unset, 3600 for Google and Kubernetes, 10800 for GitLab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 604_800)))]
    pub max_age: Option<u64>,
    /// The longest life (`exp` − `iat`) a token may have; 7200 if unset, 10800 for GitLab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 604_800)))]
    pub max_lifetime: Option<u64>,
    /// Whether each token counts once, by its `jti`; true if unset, but for Google, Kubernetes and trust domains, whose tokens are
    /// meant to be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_time: Option<bool>,
    /// Whether strangers have tokens of it too: rules then have to pin an immutable numeric id. True if unset for GitHub,
    /// GitLab and Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_tenant: Option<bool>,
    /// Lets clients name with its tokens whom they want to ask (`login_hint_token`, `CIBA` §7.1). Unset: they can't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<LoginHintConfig>,
}

/// `login_hint` of a `[[trusted_issuer]]`: which claim of its tokens names a person here, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoginHintConfig {
    /// The claim that names the person; a name that starts with `/` is a JSON pointer (RFC 6901). `email` doesn't count in a token
    /// that says that the address isn't verified.
    pub claim: String,
    /// What the claim has: the login identifier or the `sub` of an account here.
    #[serde(default, skip_serializing_if = "HintIdentifier::is_default")]
    pub identifier: HintIdentifier,
    /// The clients that may show such a token. A token doesn't say for which client it was made.
    pub clients: Vec<String>,
}

/// What names a person here in a token of a trusted issuer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum HintIdentifier {
    /// The login identifier: an email address or a name.
    #[default]
    Login,
    /// The public `sub`.
    Sub,
}

impl HintIdentifier {
    /// Whether it is what is meant if nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl IssuerKind {
    /// The kind's name in `mintedge.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GithubActions => "github_actions",
            Self::Gitlab => "gitlab",
            Self::Google => "google",
            Self::Kubernetes => "kubernetes",
            Self::Oidc => "oidc",
        }
    }

    /// The `iss` of a kind that has an address of its own.
    pub const fn address(self) -> Option<&'static str> {
        match self {
            Self::GithubActions => Some("https://token.actions.githubusercontent.com"),
            Self::Gitlab => Some("https://gitlab.com"),
            Self::Google => Some("https://accounts.google.com"),
            Self::Kubernetes | Self::Oidc => None,
        }
    }

    /// Whether there are issuers of this kind whose `iss` ends in a slash: AKS, Auth0 and Microsoft have it.
    pub const fn may_end_in_slash(self) -> bool {
        matches!(self, Self::Kubernetes | Self::Oidc)
    }

    /// Claims with immutable numeric ids, one of which a rule has to pin where strangers have tokens too.
    pub const fn immutable_ids(self) -> &'static [&'static str] {
        match self {
            Self::GithubActions => &["repository_id", "repository_owner_id"],
            Self::Gitlab => &["project_id", "namespace_id"],
            Self::Google | Self::Kubernetes | Self::Oidc => &["sub"],
        }
    }
}

impl TrustedIssuerConfig {
    /// The exact `iss` of the issuer's tokens.
    pub fn issuer(&self) -> &str {
        self.issuer.as_deref().or(self.kind.address()).unwrap_or_default()
    }

    /// Whether a token with these claims says that it is the issuer's. A JWT-SVID says it by the trust domain in its `sub` (SPIFFE
    /// JWT-SVID §3.1); if it has an `iss`, that has to be right, too.
    pub fn is_meant_by(&self, claims: &Map<String, Value>) -> bool {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let is_own = claims.contains_key("iss") && text("iss") == Some(self.issuer());
        let Some(domain) = &self.trust_domain else { return is_own };
        let id = text("sub").and_then(|sub| sub.strip_prefix("spiffe://")?.strip_prefix(domain.as_str()));
        let is_inside = id.is_some_and(|path| path.starts_with('/') && path.len() > 1);
        is_inside && (is_own || !claims.contains_key("iss"))
    }

    /// What names the issuer among all others: its `iss`, or its trust domain.
    pub fn name(&self) -> &str {
        self.issuer.as_deref().or(self.kind.address()).or(self.trust_domain.as_deref()).unwrap_or_default()
    }

    /// Whether an `aud` of this value means this server in the issuer's tokens.
    pub fn knows_us_as(&self, aud: &str, own_issuer: &str) -> bool {
        if self.audiences.is_empty() {
            aud == own_issuer
        } else {
            self.audiences.iter().any(|own| own == aud)
        }
    }

    /// Whether its tokens may be signed with `alg`.
    pub fn accepts(&self, alg: SignatureAlg) -> bool {
        let usual = [SignatureAlg::Rs256, SignatureAlg::Es256, SignatureAlg::EdDsa];
        let accepted = if self.algs.is_empty() { &usual[..] } else { &self.algs };
        accepted.iter().any(|own| own.is_same(alg))
    }

    /// How old a token may be, in seconds. Google's and Kubernetes' are kept by their libraries until shortly before they end;
    /// a job of GitLab's gets one when it starts and can't have another.
    pub fn max_age(&self) -> u64 {
        self.max_age.unwrap_or(match self.kind {
            IssuerKind::GithubActions | IssuerKind::Oidc => 10 * MINUTE,
            IssuerKind::Google | IssuerKind::Kubernetes => HOUR,
            IssuerKind::Gitlab => GITLAB_JOB,
        })
    }

    /// The longest life a token may have, in seconds. Microsoft's have 65 to 95 minutes; GitLab's end with the job's timeout.
    pub fn max_lifetime(&self) -> u64 {
        self.max_lifetime.unwrap_or(if self.kind == IssuerKind::Gitlab { GITLAB_JOB } else { 2 * HOUR })
    }

    /// Whether each token of the issuer is accepted only once (by its `jti`).
    pub fn one_time(&self) -> bool {
        let reusable = matches!(self.kind, IssuerKind::Google | IssuerKind::Kubernetes);
        self.one_time.unwrap_or(!reusable && self.trust_domain.is_none())
    }

    /// Whether the issuer also gives tokens to people and programs that are strangers to this deployment.
    pub fn multi_tenant(&self) -> bool {
        use IssuerKind::{GithubActions, Gitlab, Google};
        self.multi_tenant.unwrap_or(matches!(self.kind, GithubActions | Gitlab | Google))
    }
}

/// One value of a claim, as text: `true` is `"true"`, `12` is `"12"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Scalar {
    /// Text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
}

/// What a claim's value has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Pattern {
    /// Exactly this value.
    Exactly(Scalar),
    /// One of these values.
    OneOf(Vec<Scalar>),
    /// A text that the glob matches.
    Glob(Glob),
}

/// `{ glob = "refs/tags/v*" }`: `*` stands for any characters but `/` and `:`; everything else for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Glob {
    /// The glob itself.
    pub glob: String,
}

impl Scalar {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => number.as_i64().map(Self::Number),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The text that the value is compared as.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(value) => Cow::Owned(value.to_string()),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

impl Pattern {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(values) => values.iter().map(Scalar::read).collect::<Option<_>>().map(Self::OneOf),
            Value::Object(members) => match (members.get("glob"), members.len()) {
                (Some(Value::String(glob)), 1) => Some(Self::Glob(Glob { glob: glob.clone() })),
                _ => None,
            },
            single => Scalar::read(single).map(Self::Exactly),
        }
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::read(&value).ok_or_else(|| serde::de::Error::custom(PATTERN_FORMS))
    }
}

/// What patterns look like, for whoever wrote something else.
pub const PATTERN_FORMS: &str =
    "a claim is matched by a text, a whole number, true or false, a list of these, or { glob = \"…\" }";

/// What kind of JWT a rule is about; told apart by `typ`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum AssertionKind {
    /// An ID token or a workload's token: `typ` is `JWT` or not there.
    #[default]
    Jwt,
    /// An identity assertion authorization grant (ID-JAG): `typ` is `oauth-id-jag+jwt`.
    IdJag,
    /// An access token (RFC 9068): `typ` is `at+jwt`.
    AccessToken,
}

impl AssertionKind {
    /// Whether the kind is [`AssertionKind::Jwt`], the default.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `[[rule]]`: tokens that look like this get that. Exactly one rule has to fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleConfig {
    /// The rule's name in the log and in `mintedge explain`.
    pub id: String,
    /// The `id` of the trusted issuer.
    pub issuer: String,
    /// The kind of JWT that the rule matches.
    #[serde(default, skip_serializing_if = "AssertionKind::is_default")]
    pub assertion: AssertionKind,
    /// What claims have to be, by name; a name that starts with `/` is a JSON pointer (RFC 6901) such as
    /// `/kubernetes.io/namespace`. A claim that is a list fits if one of its members does; a missing one never does.
    #[serde(rename = "match")]
    pub matches: BTreeMap<String, Pattern>,
    /// The client that such a token authenticates, instead of a secret (`federated_jwt`). Such a rule grants nothing else:
    /// the client has its own scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticates: Option<String>,
    /// The clients that may present such a token as a grant. A public one has no other proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The `sub` of the tokens issued, with claims in braces; `ext:` comes first. `ext:{issuer's id}:{sub}` if unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The resources that issued tokens may be for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The scopes they may have; the client needs them too.
    #[serde(default, skip_serializing_if = "ScopeSet::is_empty")]
    pub scopes: ScopeSet,
    /// Their longest life; 900 at most and if unset, and never longer than the token they come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 30, max = 900)))]
    pub ttl: Option<u64>,
    /// Claims that are handed on, under the same names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copy_claims: Vec<String>,
}

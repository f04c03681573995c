//! Client metadata (RFC 7591 §2, `OpenID Connect Dynamic Client Registration` §2) as the declaration of a client.
//!
//! What this server doesn't know is ignored (RFC 7591 §2: it MUST be), what it can't honor is left out with a note, and what
//! would leave a client without the one thing it needs is refused. So one odd redirect URI is left out as long as there is a good
//! one, a grant that is unknown here is left out as long as another one is left; but a client that can authenticate only in a way
//! that this server doesn't have is refused, for it would learn of it at its first token request.
//!
//! Nothing is fetched here. `jwks_uri` and `sector_identifier_uri` have passed the checks of addresses that this server calls; whoever
//! calls them checks again.

use serde_json::{Map, Value};

use super::members::{Choice, Members, Note};
use super::openid::{for_openid, keys, sector};
use crate::protocol::codec::uri::web_problem;
use crate::protocol::config::{ClientConfig, redirect_uri};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::scope::{ScopeSet, USER_SCOPES, is_scope};

/// Most redirect URIs of one kind that count.
pub(super) const MAX_URIS: usize = 20;
/// The longest name, in bytes.
const MAX_NAME: usize = 256;

/// What one kind of registration lets a client have.
pub struct Terms<'a> {
    /// The ways to authenticate, the preferred one first.
    pub auth_methods: &'a [AuthMethod],
    /// What a client gets that names no way to authenticate; if it isn't among `auth_methods`, the first of these.
    pub default_auth_method: AuthMethod,
    /// The grants that it may have.
    pub grant_types: &'a [GrantType],
    /// The scopes that it may have; all of them if it names none.
    pub scopes: &'a ScopeSet,
    /// The schemes of redirect URIs besides `https`, `http` on loopback, and reversed domain names.
    pub schemes: &'a [String],
    /// What policy has against a redirect URI that is sound otherwise.
    pub redirect_objection: &'a dyn Fn(&str) -> Option<&'static str>,
    /// Whether one redirect URI that can't be had refuses all.
    pub strict_redirect_uris: bool,
    /// Whether this server is one of local development, which may call others on loopback.
    pub local: bool,
}

/// What of a client's metadata counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The declaration, without a `client_id`.
    pub config: ClientConfig,
    /// Whether the client named scopes; else it has all that there are.
    pub named_scopes: bool,
    /// `application_type` (`OpenID Connect Dynamic Client Registration` §2): `web` or `native`.
    pub application_type: Option<String>,
    /// The client's public keys, without private members.
    pub jwks: Option<Value>,
    /// Where its keys are.
    pub jwks_uri: Option<String>,
    /// Whose list has to contain the redirect URIs (`OpenID Connect Core` §8.1). Not fetched yet.
    pub sector_identifier_uri: Option<String>,
    /// Where to begin a login from outside (`OpenID Connect Core` §4).
    pub initiate_login_uri: Option<String>,
    /// What the client software calls itself, whatever instance it is.
    pub software_id: Option<String>,
    /// The version of that.
    pub software_version: Option<String>,
    /// What was left out or replaced.
    pub notes: Vec<Note>,
}

/// Why metadata make no client (RFC 7591 §3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Whether redirect URIs are what is wrong: `invalid_redirect_uri`, else `invalid_client_metadata`.
    pub of_redirect_uri: bool,
    /// What is wrong and what to do, for the client.
    pub description: &'static str,
}

pub(super) const fn refused(description: &'static str) -> Refusal {
    Refusal { of_redirect_uri: false, description }
}

/// Reads `object` on these terms.
///
/// # Errors
/// If it makes no client that could do anything here.
pub fn read(object: &Map<String, Value>, terms: &Terms<'_>) -> Result<Metadata, Refusal> {
    let mut members = Members::of(object);
    let method = auth_method(&mut members, terms)?;
    let grants = grant_types(&mut members, terms, method)?;
    let named_scopes = named_scopes(&mut members)?;
    let mut config = ClientConfig {
        token_endpoint_auth_method: Some(method),
        redirect_uris: redirect_uris(&mut members, terms, &grants)?,
        scopes: scopes(&mut members, terms, &grants, named_scopes)?,
        grant_types: grants,
        ..ClientConfig::default()
    };
    for_pages(&mut members, &mut config);
    for_openid(&mut members, &mut config, terms)?;
    let (jwks, jwks_uri) = keys(&mut members, terms)?;
    let sector_identifier_uri = sector(&mut members, &mut config, terms)?;
    Ok(Metadata {
        config,
        named_scopes: named_scopes.is_some(),
        application_type: members.checked("application_type", |text| {
            (!matches!(text, "web" | "native")).then_some("`web` or `native`")
        }),
        jwks,
        jwks_uri,
        sector_identifier_uri,
        initiate_login_uri: members.checked("initiate_login_uri", web_problem),
        software_id: members.text("software_id").map(str::to_owned),
        software_version: members.text("software_version").map(str::to_owned),
        notes: members.into_notes(),
    })
}

fn auth_method(members: &mut Members<'_>, terms: &Terms<'_>) -> Result<AuthMethod, Refusal> {
    const MEMBER: &str = "token_endpoint_auth_method";
    let choices = "token_endpoint_auth_methods_supported";
    match members.choice(MEMBER, choices, terms.auth_methods, AuthMethod::name) {
        Choice::Named(method) => Ok(method),
        Choice::Unknown => Err(refused(
            "token_endpoint_auth_method: clients may not authenticate like this here; the metadata and the operator's policy say how",
        )),
        Choice::Absent if terms.auth_methods.contains(&terms.default_auth_method) => {
            Ok(terms.default_auth_method)
        }
        Choice::Absent => {
            members.note(MEMBER, None, "not named, and its default may not be had here");
            terms.auth_methods.first().copied().ok_or(refused("no client can be registered here"))
        }
    }
}

/// RFC 7591 §2: `authorization_code` if absent. A response type is wanted only with that grant.
fn grant_types(
    members: &mut Members<'_>,
    terms: &Terms<'_>,
    method: AuthMethod,
) -> Result<Vec<GrantType>, Refusal> {
    let named = members.texts("grant_types");
    let named = named.filter(|names| !names.is_empty()).unwrap_or_else(|| vec!["authorization_code"]);
    let mut grants = Vec::new();
    for name in named {
        match GrantType::parse(name).filter(|grant| terms.grant_types.contains(grant)) {
            Some(grant) if grant.info().confidential_only && method == AuthMethod::None => {
                members.note("grant_types", Some(name), "only for a client that authenticates");
            }
            Some(grant) => grants.push(grant),
            None => members.note("grant_types", Some(name), "not to be had here"),
        }
    }
    let responses = members.texts("response_types").filter(|types| !types.is_empty());
    for other in responses.iter().flatten().filter(|name| **name != "code") {
        members.note("response_types", Some(other), "not to be had here");
    }
    if responses.is_some_and(|types| !types.contains(&"code")) {
        grants.retain(|grant| *grant != GrantType::AuthorizationCode);
    }
    if grants.iter().all(|grant| *grant == GrantType::RefreshToken) {
        return Err(refused(
            "grant_types, response_types: none of these can be had here; `authorization_code` with `code` usually can",
        ));
    }
    Ok(grants)
}

fn redirect_uris(
    members: &mut Members<'_>,
    terms: &Terms<'_>,
    grants: &[GrantType],
) -> Result<Vec<String>, Refusal> {
    let named = members.texts("redirect_uris").unwrap_or_default();
    let mut good: Vec<String> = Vec::new();
    let mut first = None;
    for uri in named {
        let full = (good.len() >= MAX_URIS).then_some("only the first 20 count");
        let objection = redirect_uri::problem(uri, terms.schemes);
        let objection = objection.or_else(|| (terms.redirect_objection)(uri)).or(full);
        match objection {
            None => good.push(uri.to_owned()),
            Some(reason) => {
                members.note("redirect_uris", Some(uri), reason);
                first = first.or(Some(reason));
            }
        }
    }
    let of_redirect_uri = true;
    match first {
        Some(description) if good.is_empty() || terms.strict_redirect_uris => {
            Err(Refusal { of_redirect_uri, description })
        }
        None if good.is_empty() && grants.contains(&GrantType::AuthorizationCode) => {
            Err(Refusal { of_redirect_uri, description: "redirect_uris: `authorization_code` needs one" })
        }
        _ => Ok(good),
    }
}

/// The scopes that the client names, if it names any. What can't be read isn't nothing, for whoever names nothing has all.
fn named_scopes<'a>(members: &mut Members<'a>) -> Result<Option<&'a str>, Refusal> {
    let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.bytes().all(|byte| byte == b' '));
    if members.value("scope").is_none_or(is_blank) {
        return Ok(None);
    }
    let unreadable = refused("scope: a text of at most 1024 bytes, scopes with spaces between them");
    members.text("scope").ok_or(unreadable).map(Some)
}

fn scopes(
    members: &mut Members<'_>,
    terms: &Terms<'_>,
    grants: &[GrantType],
    named: Option<&str>,
) -> Result<ScopeSet, Refusal> {
    let of_user = grants.iter().any(|grant| grant.info().speaks_of_user);
    let may = |scope: &str| terms.scopes.contains(scope) && (of_user || !USER_SCOPES.contains(&scope));
    let Some(named) = named else {
        return Ok(terms.scopes.iter().filter(|scope| may(scope)).collect());
    };
    let mut scopes = ScopeSet::default();
    for scope in named.split(' ').filter(|scope| !scope.is_empty()) {
        if is_scope(scope) && may(scope) {
            scopes.insert(scope);
        } else {
            members.note("scope", Some(scope), "not to be had here");
        }
    }
    if scopes.is_empty() {
        return Err(refused(
            "scope: none of these can be had here; without `scope` a client has all that can",
        ));
    }
    Ok(scopes)
}

fn for_pages(members: &mut Members<'_>, config: &mut ClientConfig) {
    let long = |name: &str| (name.len() > MAX_NAME).then_some("at most 256 bytes");
    config.client_name = members.checked("client_name", long);
    config.logo_uri = members.checked("logo_uri", |uri| {
        let secure = (!uri.starts_with("https:")).then_some("an https URL: pages show no other image");
        web_problem(uri).or(secure)
    });
    config.client_uri = members.checked("client_uri", web_problem);
    config.policy_uri = members.checked("policy_uri", web_problem);
    config.tos_uri = members.checked("tos_uri", web_problem);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GRANTS: [GrantType; 3] =
        [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials];

    const METHODS: [AuthMethod; 3] =
        [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None];

    fn with(metadata: &Value, methods: &[AuthMethod], strict: bool) -> Result<Metadata, Refusal> {
        let scopes: ScopeSet = ["openid", "offline_access", "notes:read"].into_iter().collect();
        let terms = Terms {
            auth_methods: methods,
            default_auth_method: AuthMethod::ClientSecretBasic,
            grant_types: &GRANTS,
            scopes: &scopes,
            schemes: &["cursor".to_owned(), "vscode".to_owned()],
            redirect_objection: &|uri| uri.contains("blocked").then_some("not by policy"),
            strict_redirect_uris: strict,
            local: false,
        };
        read(metadata.as_object().expect("an object"), &terms)
    }

    fn of(metadata: &Value) -> Result<Metadata, Refusal> {
        with(metadata, &METHODS, false)
    }

    fn noted(metadata: &Metadata) -> Vec<(&str, Option<&str>)> {
        metadata.notes.iter().map(|note| (note.member, note.item.as_deref())).collect()
    }

    #[test]
    fn what_an_editor_registers_is_read_whole() {
        let read = of(&json!({
            "client_name": "Cursor",
            "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback",
                "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        }))
        .expect("a client");
        assert_eq!(read.config.redirect_uris.len(), 3);
        assert_eq!(read.config.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert!(read.config.is_public() && read.notes.is_empty());
        assert_eq!(read.config.scopes.to_wire(), "openid offline_access notes:read");
        assert_eq!(read.application_type.as_deref(), Some("native"));
    }

    #[test]
    fn one_odd_redirect_uri_is_left_out_unless_policy_wants_all_or_none() {
        for odd in [
            "myapp:/cb",
            "https://app.example/cb#x",
            "https://app.example/#",
            "https://good@evil.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "http://app.example/cb",
            "https://*.example/cb",
            "https://blocked.example/cb",
            "http://127.1/cb",
        ] {
            let mixed = json!({ "redirect_uris": [odd, "https://app.example/cb"] });
            let read = of(&mixed).expect("a client");
            assert_eq!(read.config.redirect_uris, ["https://app.example/cb"], "{odd}");
            assert_eq!(noted(&read), [("redirect_uris", Some(odd))]);
            let strict = with(&mixed, &METHODS, true);
            assert!(strict.is_err_and(|refusal| refusal.of_redirect_uri), "{odd}");
            let alone = of(&json!({ "redirect_uris": [odd] }));
            assert!(alone.is_err_and(|refusal| refusal.of_redirect_uri), "{odd}");
        }
        assert!(of(&json!({})).is_err_and(|refusal| refusal.of_redirect_uri));
        assert!(of(&json!({ "redirect_uris": "https://app.example/cb" })).is_err());
    }

    #[test]
    fn unknown_members_grants_and_responses_are_ignored() {
        let read = of(&json!({
            "redirect_uris": ["https://app.example/cb"],
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "x", "implicit"],
            "response_types": ["code", "code id_token"],
            "scope": "notes:read notes:write mintedge:write",
            "client_name#de": "Die Anwendung",
            "something_new": { "a": [1, null] },
            "client_name": null,
        }))
        .expect("a client");
        assert_eq!(read.config.grant_types, [GrantType::AuthorizationCode]);
        assert_eq!(read.config.scopes.to_wire(), "notes:read");
        assert_eq!(noted(&read).len(), 6, "{:?}", read.notes);
        for (grants, responses) in [
            (json!(["implicit"]), json!(["token"])),
            (json!(["refresh_token"]), json!([])),
            (json!(["authorization_code"]), json!(["token"])),
        ] {
            let nothing = of(&json!({
                "redirect_uris": ["https://app.example/cb"], "grant_types": grants, "response_types": responses,
            }));
            assert!(nothing.is_err_and(|refusal| !refusal.of_redirect_uri), "{grants}");
        }
    }

    #[test]
    fn a_way_to_authenticate_is_chosen_and_never_guessed() {
        let uris = json!(["https://app.example/cb"]);
        let method = |metadata: Value, methods: &[AuthMethod]| {
            let mut metadata = metadata;
            metadata["redirect_uris"] = uris.clone();
            with(&metadata, methods, false).map(|read| read.config.token_endpoint_auth_method)
        };
        let (basic, post, none) =
            (AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::None);
        let all = [basic, post, none];
        assert_eq!(method(json!({}), &all), Ok(Some(basic)), "RFC 7591 §2");
        assert_eq!(method(json!({}), &[none]), Ok(Some(none)));
        assert_eq!(
            method(json!({ "token_endpoint_auth_method": "client_secret_post" }), &all),
            Ok(Some(post))
        );
        assert!(method(json!({ "token_endpoint_auth_method": "client_secret_jwt" }), &all).is_err());
        assert!(method(json!({ "token_endpoint_auth_method": "client_secret_post" }), &[none]).is_err());
        // RP Metadata Choices: what is named comes first, then the server's order.
        let listed = json!({
            "token_endpoint_auth_method": "tls_client_auth",
            "token_endpoint_auth_methods_supported": ["tls_client_auth", "none", "client_secret_post"],
        });
        assert_eq!(method(listed, &all), Ok(Some(post)));
        let named = json!({
            "token_endpoint_auth_method": "none",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        });
        assert_eq!(method(named, &all), Ok(Some(none)));
        assert!(
            method(json!({ "token_endpoint_auth_methods_supported": ["tls_client_auth"] }), &all).is_err()
        );
        assert!(method(json!({}), &[]).is_err());
    }

    #[test]
    fn a_public_client_gets_no_grant_of_confidential_ones() {
        let read = of(&json!({
            "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "none",
            "grant_types": ["client_credentials", "authorization_code"],
        }));
        assert_eq!(read.expect("a client").config.grant_types, [GrantType::AuthorizationCode]);
        let machine = of(&json!({ "grant_types": ["client_credentials"] })).expect("a client");
        assert_eq!(machine.config.scopes.to_wire(), "notes:read", "nobody logs in");
    }

    #[test]
    fn keys_are_public_and_in_one_place() {
        let uris = json!(["https://app.example/cb"]);
        let key = |extra: Value| {
            let mut metadata = json!({ "redirect_uris": uris });
            metadata.as_object_mut().expect("one").append(extra.clone().as_object_mut().expect("one"));
            of(&metadata)
        };
        let public = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "a", "y": "b" }] });
        assert_eq!(key(json!({ "jwks": public })).expect("keys").jwks, Some(public.clone()));
        let uri = key(json!({ "jwks_uri": "https://app.example/keys" })).expect("an address");
        assert_eq!(uri.jwks_uri.as_deref(), Some("https://app.example/keys"));
        for bad in [
            json!({ "jwks": public, "jwks_uri": "https://app.example/keys" }),
            json!({ "jwks": { "keys": [{ "kty": "EC", "d": "c" }] } }),
            json!({ "jwks": { "keys": [{ "kty": "oct", "k": "c" }] } }),
            json!({ "jwks": { "keys": ["a"] } }),
            json!({ "jwks": [] }),
            json!({ "jwks": { "keys": (0..11).map(|n| json!({ "kid": n })).collect::<Vec<_>>() } }),
            json!({ "jwks": { "keys": [{ "x": "a".repeat(8192) }] } }),
            json!({ "jwks_uri": "https://169.254.169.254/keys" }),
            json!({ "jwks_uri": "http://127.0.0.1/keys" }),
            json!({ "jwks_uri": "https://[::ffff:10.0.0.1]/keys" }),
            json!({ "sector_identifier_uri": "https://localhost/uris" }),
            json!({ "id_token_signed_response_alg": "none" }),
            json!({ "userinfo_signed_response_alg": "HS256" }),
            json!({ "subject_type": "other" }),
        ] {
            assert!(key(bad.clone()).is_err_and(|refusal| !refusal.of_redirect_uri), "{bad}");
        }
    }

    #[test]
    fn pairwise_subjects_need_one_sector() {
        let pairwise = |uris: Value, sector: Option<&str>| {
            let mut metadata = json!({ "redirect_uris": uris, "subject_type": "pairwise" });
            metadata["sector_identifier_uri"] = sector.into();
            of(&metadata)
        };
        let two = json!(["https://a.example/cb", "https://b.example/cb"]);
        assert!(pairwise(two.clone(), None).is_err());
        assert!(pairwise(json!(["https://a.example/cb", "https://a.example/x"]), None).is_ok());
        assert!(pairwise(json!(["http://localhost/cb", "com.example.app:/cb"]), None).is_ok(), "its own");
        assert!(pairwise(json!(["https://a.example/cb", "com.evil.app://a.example/cb"]), None).is_err());
        let read = pairwise(two, Some("https://s.example/uris.json")).expect("a client");
        assert_eq!(read.config.sector_identifier.as_deref(), Some("s.example"));
        assert_eq!(read.sector_identifier_uri.as_deref(), Some("https://s.example/uris.json"));
    }

    #[test]
    fn whoever_asks_for_too_much_does_not_get_all() {
        let scope =
            |scope: Value| of(&json!({ "redirect_uris": ["https://app.example/cb"], "scope": scope }));
        for nothing in [json!("admin"), json!("x".repeat(1025)), json!("openid\u{7}"), json!([]), json!(1)] {
            assert!(scope(nothing.clone()).is_err_and(|refusal| !refusal.of_redirect_uri), "{nothing}");
        }
        for blank in [json!(""), json!("  "), Value::Null] {
            let read = scope(blank.clone()).expect("a client");
            assert!(!read.named_scopes && read.config.scopes.len() == 3, "{blank}");
        }
        let read = scope(json!("openid admin")).expect("a client");
        assert!(read.named_scopes && read.config.scopes.to_wire() == "openid");
    }

    #[test]
    fn what_is_shown_or_called_is_checked() {
        let read = of(&json!({
            "redirect_uris": ["https://app.example/cb"],
            "client_name": "x".repeat(257), "logo_uri": "http://localhost/l.png", "client_uri": "javascript:1",
            "policy_uri": "https://app.example/p", "tos_uri": "https://app.example/t",
            "backchannel_logout_uri": "https://10.0.0.1/out", "frontchannel_logout_uri": "https://other.example/out",
            "post_logout_redirect_uris": ["https://app.example/bye", "data:,x"],
            "initiate_login_uri": "https://app.example/login",
        }))
        .expect("a client");
        assert_eq!(noted(&read).len(), 6, "{:?}", read.notes);
        assert_eq!(read.config.policy_uri.as_deref(), Some("https://app.example/p"));
        assert_eq!(read.config.post_logout_redirect_uris, ["https://app.example/bye"]);
        assert_eq!(read.initiate_login_uri.as_deref(), Some("https://app.example/login"));
        assert!(read.config.client_name.is_none() && read.config.backchannel_logout_uri.is_none());
    }

    #[test]
    fn sizes_are_bounded() {
        let many: Vec<_> = (0..200).map(|n| format!("https://app.example/{n}")).collect();
        let read = of(&json!({ "redirect_uris": many, "scope": format!("openid {}", "x ".repeat(500)) }))
            .expect("a client");
        assert_eq!(read.config.redirect_uris.len(), MAX_URIS);
        assert!(read.notes.len() <= 50);
        let long = format!("https://app.example/{}", "x".repeat(2000));
        assert!(of(&json!({ "redirect_uris": [long] })).is_err());
    }
}

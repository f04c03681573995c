//! `/token` for apps of one vendor that share a login on one device (`OpenID Connect Native SSO` for mobile apps, draft 07).

use serde_json::{Value, json};

use super::token_exchange::{ACCESS_TOKEN, EXCHANGE, ID_TOKEN, api, exchange};
use crate::suite::browser::{PASSWORD, PageForm, form, parameters};
use crate::suite::harness::{Fixture, Req, Resp, TestClient, encode};
use crate::suite::jws::{claims, header, verifies};
use crate::suite::login::{Login, REDIRECT, text, web_client};

pub const DEVICE_SECRET: &str = "urn:openid:params:token-type:device-secret";
const SHARED: [(&str, &str); 1] = [("scope", "openid device_sso orders:read")];

/// What the first app has and shares: its ID token and the device secret.
pub struct Shared {
    pub id_token: String,
    pub device_secret: String,
}

impl Shared {
    pub fn of(tokens: &Value) -> Self {
        let text = |name| text(tokens, name).to_owned();
        Self { id_token: text("id_token"), device_secret: text("device_secret") }
    }
}

/// The first app: public, with a login that it shares under `vendor`.
pub fn first_app<'a>(f: &'a Fixture<'a>, vendor: &str) -> Login<'a> {
    first_app_with(f, vendor, &json!({}))
}

fn first_app_with<'a>(f: &'a Fixture<'a>, vendor: &str, members: &Value) -> Login<'a> {
    let mut all = json!({
        "token_endpoint_auth_method": "none", "native_sso": vendor,
        "scopes": ["openid", "profile", "email", "offline_access", "device_sso", "orders:read"],
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    Login::new(f, &all)
}

/// A second app, which signs on with logins that are shared under `vendor`.
pub fn second_app(f: &Fixture<'_>, vendor: &str, members: &Value) -> TestClient {
    let mut all = json!({
        "token_endpoint_auth_method": "none", "native_sso": vendor,
        "grant_types": [EXCHANGE, "authorization_code", "refresh_token"],
        "scopes": ["openid", "email", "offline_access", "ledger:read"],
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    web_client(f, &all)
}

/// The request of a second app; a value of "" in `more` takes a parameter out.
pub fn sign_on(f: &Fixture<'_>, app: &TestClient, shared: &Shared, more: &[(&str, &str)]) -> Resp {
    let issuer = f.target.issuer();
    let usual = [
        ("grant_type", EXCHANGE),
        ("client_id", app.id.as_str()),
        ("audience", issuer.as_str()),
        ("subject_token", shared.id_token.as_str()),
        ("subject_token_type", ID_TOKEN),
        ("actor_token", shared.device_secret.as_str()),
        ("actor_token_type", DEVICE_SECRET),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let more = more.iter().copied().filter(|(_, value)| !value.is_empty());
    f.send(&Req::token(&form(&kept.chain(more).collect::<Vec<_>>())))
}

fn refresh(f: &Fixture<'_>, app: &TestClient, token: &str) -> Resp {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", app.id.as_str())];
    f.send(&Req::token(&form(&fields)))
}

pub fn a_second_app_signs_on_with_the_login_of_the_first(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let login = first_app(f, &vendor);
    let tokens = login.tokens(&SHARED);
    let (first, shared) = (claims(text(&tokens, "id_token")), Shared::of(&tokens));
    assert!(shared.device_secret.starts_with("men_"), "{tokens}");
    assert!(first["ds_hash"].is_string() && first["sid"].is_string(), "{first}");
    let app = second_app(f, &vendor, &json!({}));
    let answer = sign_on(f, &app, &shared, &[]).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let answer = answer.json();
    assert_eq!(
        (&answer["issued_token_type"], &answer["token_type"]),
        (&json!(ACCESS_TOKEN), &json!("Bearer"))
    );
    assert_eq!(
        answer["scope"], "openid email ledger:read",
        "all that it may have, but not for offline access"
    );
    assert!(answer["device_secret"].is_null(), "it has that already: {answer}");
    let second = claims(text(&answer, "id_token"));
    assert!(verifies(text(&answer, "id_token"), &f.key_set()));
    for name in ["iss", "sub", "sid", "auth_time", "acr", "amr", "ds_hash"] {
        assert_eq!(second[name], first[name], "{name}");
    }
    assert_eq!((&second["aud"], &second["email"]), (&json!(app.id), &json!(login.email)));
    assert!(second["act"].is_null() && second["nonce"].is_null(), "{second}");
    let access = claims(text(&answer, "access_token"));
    assert_eq!((&access["client_id"], &access["sub"]), (&json!(app.id), &first["sub"]));
    assert_eq!(header(text(&answer, "access_token"))["typ"], "at+jwt");
    login.userinfo(text(&answer, "access_token")).expect(200);
    let next = refresh(f, &app, text(&answer, "refresh_token")).expect(200).json();
    assert_eq!(claims(text(&next, "id_token"))["ds_hash"], first["ds_hash"]);
    // A third app may be shown the second one's ID token, and one that a refresh brought.
    let third = second_app(f, &vendor, &json!({}));
    for tokens in [&answer, &next, &login.refresh(text(&tokens, "refresh_token"), "").expect(200).json()] {
        let id_token = text(tokens, "id_token").to_owned();
        let shown = Shared { id_token, device_secret: shared.device_secret.clone() };
        sign_on(f, &third, &shown, &[("scope", "openid")]).expect(200);
    }
}

pub fn metadata_tells_of_shared_logins_where_there_are_some(f: &Fixture<'_>) {
    second_app(f, &f.unique("vendor"), &json!({}));
    f.target.settle();
    for document in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let metadata = f.send(&Req::new("GET", document)).expect(200).json();
        assert_eq!(metadata["native_sso_supported"], true, "{document}");
        let scopes = metadata["scopes_supported"].as_array().expect("scopes");
        assert!(scopes.contains(&json!("device_sso")), "{scopes:?}");
    }
}

pub fn only_apps_of_the_vendor_share_its_logins(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let login = first_app(f, &vendor);
    let shared = Shared::of(&login.tokens(&SHARED));
    let own = json!({ "grant_types": [EXCHANGE], "redirect_uris": [] });
    let stranger = second_app(f, &f.unique("another"), &own);
    sign_on(f, &stranger, &shared, &[]).expect_error(400, "invalid_grant");
    let mut alone = own.clone();
    alone["native_sso"] = Value::Null;
    sign_on(f, &second_app(f, &vendor, &alone), &shared, &[]).expect_error(400, "unauthorized_client");
    let unregistered = second_app(
        f,
        &vendor,
        &json!({ "grant_types": ["authorization_code"], "scopes": ["openid", "device_sso"] }),
    );
    sign_on(f, &unregistered, &shared, &[]).expect_error(400, "unauthorized_client");
    // A client that authenticates has to, here as elsewhere.
    let confidential = second_app(f, &vendor, &json!({ "token_endpoint_auth_method": null }));
    sign_on(f, &confidential, &shared, &[]).expect_error(401, "invalid_client");
    // The first app is switched off, and then no longer one of them.
    let app = second_app(f, &vendor, &json!({}));
    let path = format!("clients/{}", login.client.id);
    f.admin("POST", &format!("{path}/disable"), None).expect(200);
    f.target.settle();
    sign_on(f, &app, &shared, &[]).expect_error(400, "invalid_grant");
    f.admin("POST", &format!("{path}/enable"), None).expect(200);
    f.target.settle();
    sign_on(f, &app, &shared, &[]).expect(200);
}

pub fn what_does_not_fit_together_is_refused_and_changes_nothing(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let (login, app) = (first_app(f, &vendor), second_app(f, &vendor, &json!({})));
    let tokens = login.tokens(&SHARED);
    let shared = Shared::of(&tokens);
    let (again, somebody) = (login.tokens(&SHARED), first_app(f, &vendor));
    let theirs = Shared::of(&somebody.tokens(&SHARED));
    let plain = login.tokens(&[("scope", "openid")]);
    assert!(plain["device_secret"].is_null() && claims(text(&plain, "id_token"))["ds_hash"].is_null());
    let (start, signature) = shared.id_token.rsplit_once('.').expect("a signature");
    let unsigned = format!("{start}.{}", "A".repeat(signature.len()));
    let mut forged = shared.device_secret.clone().into_bytes();
    forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ascii");
    let access_token = text(&tokens, "access_token");
    for (id_token, device_secret) in [
        (shared.id_token.as_str(), forged.as_str()),
        (&shared.id_token, "men_nonsense"),
        (&shared.id_token, text(&tokens, "refresh_token")),
        // Good ones, of another login, of somebody else, and without a device.
        (&shared.id_token, text(&again, "device_secret")),
        (&shared.id_token, &theirs.device_secret),
        (&theirs.id_token, &shared.device_secret),
        (text(&plain, "id_token"), &shared.device_secret),
        (&unsigned, &shared.device_secret),
        (access_token, &shared.device_secret),
        ("nonsense", &shared.device_secret),
    ] {
        let wrong = Shared { id_token: id_token.to_owned(), device_secret: device_secret.to_owned() };
        sign_on(f, &app, &wrong, &[]).expect_error(400, "invalid_grant");
    }
    sign_on(f, &app, &shared, &[]).expect(200);
    sign_on(f, &app, &theirs, &[]).expect(200);
    login.userinfo(access_token).expect(200);
}

pub fn a_request_that_is_not_of_the_profile_is_refused(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let (login, app) = (first_app(f, &vendor), second_app(f, &vendor, &json!({})));
    let shared = Shared::of(&login.tokens(&SHARED));
    for (more, error) in [
        (("audience", ""), "invalid_target"),
        (("audience", "https://ledger.example"), "invalid_target"),
        (("subject_token", ""), "invalid_request"),
        (("subject_token_type", ""), "invalid_request"),
        (("subject_token_type", ACCESS_TOKEN), "invalid_request"),
        (("actor_token", ""), "invalid_request"),
        (("actor_token_type", ""), "invalid_request"),
        // The secret is an actor's token of no other kind, and the ID token no subject by itself.
        (("actor_token_type", ACCESS_TOKEN), "invalid_request"),
        (("requested_token_type", ID_TOKEN), "invalid_request"),
        (("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"),
        (("resource", "https://orders.example"), "invalid_target"),
        (("scope", "openid profile"), "invalid_scope"),
        (("scope", "orders:read"), "invalid_scope"),
        (("scope", "device_sso openid"), "invalid_scope"),
        (("scope", "mintedge:read"), "invalid_scope"),
    ] {
        let answer = sign_on(f, &app, &shared, &[more]);
        assert_eq!(answer.error(), (400, error.to_owned()), "{more:?}");
    }
    let issuer = f.target.issuer();
    let two = [("audience", issuer.as_str()), ("audience", "https://ledger.example")];
    sign_on(f, &app, &shared, &two).expect_error(400, "invalid_target");
    let service = api(f, &json!({ "exchange": { "subject_clients": [login.client.id] } }));
    for kind in [ID_TOKEN, ACCESS_TOKEN] {
        let alone = exchange(f, &service, &shared.id_token, &[("subject_token_type", kind)]);
        alone.expect_error(400, "invalid_request");
    }
    let narrow = [("scope", "ledger:read"), ("resource", "https://ledger.example")];
    let answer = sign_on(f, &app, &shared, &narrow).expect(200).json();
    assert!(answer["id_token"].is_null() && answer["scope"] == "ledger:read", "{answer}");
}

pub fn the_second_app_gets_only_what_the_person_has_permitted_it(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let login = first_app_with(f, &vendor, &json!({ "first_party": false }));
    let page = login.authorize(&SHARED).expect(200);
    assert!(page.body.contains("other apps of the same vendor"), "{}", page.body);
    let answer = login.browser.submit(&page, &[("action", "allow")]).expect(303);
    let shared = Shared::of(&login.redeem(&parameters(&answer)["code"]).expect(200).json());
    let scopes = json!(["openid", "email", "orders:read"]);
    let app = second_app(f, &vendor, &json!({ "first_party": false, "scopes": scopes }));
    // What the first app was permitted says nothing about the second one.
    for scope in ["openid", "openid orders:read", ""] {
        sign_on(f, &app, &shared, &[("scope", scope)]).expect_error(400, "invalid_scope");
    }
    let asked = [("client_id", app.id.as_str()), ("scope", "openid orders:read")];
    let page = login.authorize(&asked).expect(200);
    login.browser.submit(&page, &[("action", "allow")]).expect(303);
    sign_on(f, &app, &shared, &[("scope", "openid orders:read")]).expect(200);
    sign_on(f, &app, &shared, &[("scope", "openid email")]).expect_error(400, "invalid_scope");
    // It is taken back: the next time the person has to be asked again.
    let user = format!("users/{}", encode(&login.email));
    f.admin("DELETE", &format!("{user}/clients/{}", app.id), None).expect(204);
    sign_on(f, &app, &shared, &[("scope", "openid")]).expect_error(400, "invalid_scope");
}

/// Ways in which a login ends, and whether the second app's own tokens end as well.
type End = (&'static str, fn(&Login<'_>, &Value), bool);

pub fn a_device_secret_ends_with_the_login_it_came_from(f: &Fixture<'_>) {
    fn account(login: &Login<'_>, more: &[(&str, &str)]) -> Resp {
        let page = login.browser.get("/account").expect(200);
        let csrf = PageForm::of(&page.body).field("csrf").to_owned();
        login.browser.post("/account", &form(&[&[("flow", "account"), ("csrf", &csrf)], more].concat()))
    }
    let user = |login: &Login<'_>| format!("users/{}", encode(&login.email));
    let ends: [End; 7] = [
        (
            "signed out",
            |login, tokens| {
                let request = form(&[("id_token_hint", text(tokens, "id_token"))]);
                login.browser.get(&format!("/logout?{request}")).expect(200);
            },
            true,
        ),
        (
            "signed out everywhere",
            |login, _| {
                account(login, &[("action", "end_all")]).expect(303);
            },
            true,
        ),
        (
            "another password",
            |login, _| {
                let other = "another fine password";
                let fields = [("current_password", PASSWORD), ("password", other), ("password_again", other)];
                account(login, &[&fields[..], &[("action", "change_password")]].concat()).expect(200);
            },
            true,
        ),
        (
            "the app was removed",
            |login, _| {
                account(login, &[("client", &login.client.id), ("action", "revoke_app")]).expect(200);
            },
            false,
        ),
        (
            "revoked by the app",
            |login, tokens| {
                let fields = [("token", text(tokens, "refresh_token")), ("client_id", &login.client.id)];
                let request = Req::new("POST", "/revoke").body(form(&fields));
                let kind = "application/x-www-form-urlencoded";
                login.f.send(&request.header("content-type", kind)).expect(200);
            },
            false,
        ),
        (
            "switched off",
            |login, _| {
                login.f.admin("POST", &format!("users/{}/disable", encode(&login.email)), None).expect(200);
            },
            true,
        ),
        (
            "deleted",
            |login, _| {
                login.f.admin("DELETE", &format!("users/{}", encode(&login.email)), None).expect(204);
            },
            true,
        ),
    ];
    for (what, end, all) in ends {
        let vendor = f.unique("vendor");
        let (login, app) = (first_app(f, &vendor), second_app(f, &vendor, &json!({})));
        let tokens = login.tokens(&SHARED);
        let shared = Shared::of(&tokens);
        let own = sign_on(f, &app, &shared, &[]).expect(200).json();
        end(&login, &tokens);
        assert_eq!(sign_on(f, &app, &shared, &[]).error(), (400, "invalid_grant".to_owned()), "{what}");
        let status = refresh(f, &app, text(&own, "refresh_token")).status;
        assert_eq!(status, if all { 400 } else { 200 }, "{what}");
        if what == "switched off" {
            f.admin("POST", &format!("{}/enable", user(&login)), None).expect(200);
            sign_on(f, &app, &shared, &[]).expect_error(400, "invalid_grant");
        }
    }
}

pub fn offline_access_outlives_the_session_and_the_device_secret_does_not(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let (login, app) = (first_app(f, &vendor), second_app(f, &vendor, &json!({})));
    let tokens = login.tokens(&[("scope", "openid device_sso offline_access")]);
    let shared = Shared::of(&tokens);
    let own = sign_on(f, &app, &shared, &[("scope", "openid offline_access")]).expect(200).json();
    let request = form(&[("id_token_hint", text(&tokens, "id_token"))]);
    login.browser.get(&format!("/logout?{request}")).expect(200);
    login.refresh(text(&tokens, "refresh_token"), "").expect(200);
    refresh(f, &app, text(&own, "refresh_token")).expect(200);
    sign_on(f, &app, &shared, &[]).expect_error(400, "invalid_grant");
}

pub fn a_device_secret_that_is_shown_again_is_kept(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let login = first_app(f, &vendor);
    let shared = Shared::of(&login.tokens(&SHARED));
    let redeem = |login: &Login<'_>, shown: &str| {
        let code = login.code(&SHARED);
        let tokens = login.redeem_with(&login.client, &code, &[("device_secret", shown)]);
        Shared::of(&tokens.expect(200).json())
    };
    let kept = redeem(&login, &shared.device_secret);
    assert_eq!(kept.device_secret, shared.device_secret);
    let app = second_app(f, &vendor, &json!({}));
    sign_on(f, &app, &kept, &[]).expect(200);
    // One that isn't good here is as if it had not been shown: nonsense, somebody else's, another vendor's.
    let (somebody, elsewhere) = (first_app(f, &vendor), f.unique("vendor"));
    let theirs = Shared::of(&somebody.tokens(&SHARED));
    let other = web_client(
        f,
        &json!({ "native_sso": elsewhere, "scopes": ["openid", "device_sso"], "token_endpoint_auth_method": "none" }),
    );
    let sent = login.authorize(&[("client_id", other.id.as_str()), ("scope", "openid device_sso")]);
    let code = parameters(&sent.expect(303))["code"].clone();
    let shown = [("device_secret", shared.device_secret.as_str())];
    let foreign = Shared::of(&login.redeem_with(&other, &code, &shown).expect(200).json());
    assert_ne!(foreign.device_secret, shared.device_secret);
    for shown in ["nonsense", &theirs.device_secret, &foreign.device_secret] {
        let new = redeem(&login, shown).device_secret;
        assert!(new != shown && new != shared.device_secret && new.starts_with("men_"), "{shown}");
    }
    sign_on(f, &app, &shared, &[]).expect(200);
}

pub fn a_device_secret_is_for_those_who_ask_and_may(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let login = first_app(f, &vendor);
    // Without `scope` it is everything but what has to be asked for.
    let code = parameters(&login.authorize(&[("scope", "")]).expect(303))["code"].clone();
    let tokens = login.redeem(&code).expect(200).json();
    assert!(tokens["device_secret"].is_null() && !text(&tokens, "scope").contains("device_sso"), "{tokens}");
    let refused = |login: &Login<'_>, scope: &str| {
        let sent = parameters(&login.authorize(&[("scope", scope)]).expect(303));
        assert_eq!(sent["error"], "invalid_scope", "{scope}");
    };
    refused(&login, "device_sso");
    refused(&login, "device_sso orders:read");
    refused(&Login::new(f, &json!({})), "openid device_sso");
    // Without a session there is nothing to share.
    let shared = json!({ "native_sso": vendor, "scopes": ["openid", "profile", "email", "orders:read", "device_sso"],
        "grant_types": ["authorization_code", "password"] });
    let migrated = Login::new(f, &shared);
    for (scope, status) in [("openid", 200), ("openid device_sso", 400)] {
        let fields = [
            ("grant_type", "password"),
            ("username", migrated.email.as_str()),
            ("password", PASSWORD),
            ("scope", scope),
        ];
        assert_eq!(migrated.token(&migrated.client, &form(&fields)).status, status, "{scope}");
    }
    for members in [
        json!({ "scopes": ["openid", "device_sso"] }),
        json!({ "scopes": ["device_sso"], "native_sso": "acme" }),
        json!({ "scopes": ["openid"], "native_sso": "acme" }),
        json!({ "scopes": ["openid", "device_sso"], "native_sso": "a b" }),
    ] {
        let mut body = json!({ "client_id": f.unique("app"), "grant_types": ["authorization_code"],
            "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" });
        body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        f.admin("POST", "clients", Some(&body)).expect(422);
    }
}

pub fn apps_with_names_of_their_own_for_people_share_logins_too(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let pairwise = |sector: &str| json!({ "subject_type": "pairwise", "sector_identifier": sector });
    let login = first_app_with(f, &vendor, &pairwise("one.example"));
    let shared = Shared::of(&login.tokens(&SHARED));
    let app = second_app(f, &vendor, &pairwise("two.example"));
    let answer = sign_on(f, &app, &shared, &[]).expect(200).json();
    let (first, second) = (claims(&shared.id_token), claims(text(&answer, "id_token")));
    for name in ["sub", "sid"] {
        assert!(second[name].is_string() && second[name] != first[name], "{name}");
    }
    let sent = login.authorize(&[("client_id", app.id.as_str()), ("scope", "openid")]).expect(303);
    let own = login.redeem_with(&app, &parameters(&sent)["code"], &[]).expect(200).json();
    let own = claims(text(&own, "id_token"));
    assert_eq!((&own["sub"], &own["sid"]), (&second["sub"], &second["sid"]), "as for a login of its own");
}

pub fn what_an_earlier_client_of_the_same_id_shared_has_ended(f: &Fixture<'_>) {
    let vendor = f.unique("vendor");
    let (login, app) = (first_app(f, &vendor), second_app(f, &vendor, &json!({})));
    let shared = Shared::of(&login.tokens(&SHARED));
    sign_on(f, &app, &shared, &[]).expect(200);
    f.admin("POST", &format!("clients/{}/revoke", login.client.id), None).expect(200);
    f.target.settle();
    sign_on(f, &app, &shared, &[]).expect_error(400, "invalid_grant");
}

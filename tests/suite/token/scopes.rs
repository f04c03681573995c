//! `/token` and `/authorize`: default scopes, hierarchies of scopes, and how `resource` is compared.

use serde_json::{Value, json};

use crate::suite::browser::{form, parameters};
use crate::suite::harness::{Fixture, base_config, encode};
use crate::suite::login::{Login, claims, text};

const TOOLS: &str = "https://tools.example/mcp";

/// The base configuration with a resource that has default scopes and a hierarchy.
fn config() -> Value {
    let mut config = base_config();
    config["resource"].as_array_mut().expect("resources").push(json!({
        "identifier": TOOLS, "scopes": ["tools:admin", "tools:write", "tools:read"], "default_scopes": ["tools:read"],
        "scope_includes": { "tools:admin": ["tools:write"], "tools:write": ["tools:read"] },
    }));
    config["resource"].as_array_mut().expect("resources").push(json!({
        "identifier": "https://flat.example", "scopes": ["flat:admin", "flat:write", "flat:read"],
        "scope_includes": { "flat:admin": ["flat:write", "flat:read"] },
    }));
    config
}

fn with_tools(f: &Fixture<'_>, work: impl FnOnce()) {
    let guard = f.target.configuration_lock();
    f.apply(&config()).expect(200);
    f.target.settle();
    work();
    f.apply(&base_config()).expect(200);
    drop(guard);
}

fn scope(f: &Fixture<'_>, members: &Value, parameters: &str) -> String {
    let client = f.client(members);
    let answer = f.request_token(&client, parameters).expect(200).json();
    assert_eq!(
        claims(text(&answer, "access_token"))["scope"],
        answer["scope"],
        "the answer says what was granted"
    );
    text(&answer, "scope").to_owned()
}

pub fn a_request_without_scope_gets_the_default_ones(f: &Fixture<'_>) {
    with_tools(f, || {
        let both = ["orders:read", "orders:write", "tools:read", "tools:write"];
        let tools = format!("&resource={}", encode(TOOLS));
        let orders = format!("&resource={}", encode("https://orders.example"));
        assert_eq!(scope(f, &json!({ "scopes": ["tools:write", "tools:read"] }), ""), "tools:read");
        assert_eq!(scope(f, &json!({ "scopes": both }), &tools), "tools:read");
        // A resource without default scopes stands for all that the client may have there.
        assert_eq!(scope(f, &json!({ "scopes": both }), &orders), "orders:read orders:write");
        // The client's own default scopes win where it has some, and without a resource they are all there is.
        let own = json!({ "scopes": both, "default_scopes": ["tools:write"] });
        assert_eq!(scope(f, &own, &tools), "tools:write tools:read");
        assert_eq!(scope(f, &own, ""), "tools:write tools:read");
        assert_eq!(scope(f, &own, &orders), "orders:read orders:write");
        // Nothing is the default for a client that may have none of it.
        let client = f.client(&json!({ "scopes": ["tools:write"], "default_scopes": ["tools:write"] }));
        f.request_token(&client, "&scope=tools:admin").expect_error(400, "invalid_scope");
        let beyond = json!({ "client_id": f.unique("beyond"), "scopes": ["tools:read"], "default_scopes": ["tools:write"] });
        let refused = f.admin("POST", "clients", Some(&beyond));
        refused.expect_error(422, "invalid_config");
        assert_eq!(refused.json()["problems"][0]["path"], "client.default_scopes[0]");
    });
}

pub fn a_person_is_asked_for_the_default_scopes_of_the_named_resource(f: &Fixture<'_>) {
    with_tools(f, || {
        let scopes = [
            "openid",
            "profile",
            "email",
            "offline_access",
            "orders:read",
            "ledger:read",
            "tools:read",
            "tools:write",
        ];
        let login = Login::new(f, &json!({ "scopes": scopes }));
        let tokens = login.tokens(&[("scope", ""), ("resource", TOOLS)]);
        assert_eq!(tokens["scope"], "openid profile email tools:read");
        assert_eq!(claims(text(&tokens, "access_token"))["aud"], json!([TOOLS, f.target.issuer()]));
        assert!(
            tokens["refresh_token"].is_string(),
            "it is registered for the grant, and need not ask for offline_access"
        );
        // Without resource and scope it is what all of them say.
        assert_eq!(
            login.tokens(&[("scope", "")])["scope"],
            "openid profile email orders:read ledger:read tools:read"
        );
        let own = Login::new(
            f,
            &json!({ "scopes": scopes, "default_scopes": ["openid", "offline_access", "tools:write"] }),
        );
        let tokens = own.tokens(&[("scope", "")]);
        assert_eq!(tokens["scope"], "openid offline_access tools:write tools:read");
        // The resource is inherited where the token request doesn't name it, and on refresh.
        let inherited = own.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
        assert_eq!(claims(text(&inherited, "access_token"))["aud"], json!([TOOLS, f.target.issuer()]));
    });
}

pub fn a_scope_brings_along_what_it_includes(f: &Fixture<'_>) {
    with_tools(f, || {
        // Whoever may have the one may have what it includes, and may ask for less.
        let admin = json!({ "scopes": ["tools:admin"] });
        assert_eq!(scope(f, &admin, "&scope=tools:admin"), "tools:admin tools:write tools:read");
        assert_eq!(scope(f, &admin, "&scope=tools:write"), "tools:write tools:read");
        assert_eq!(scope(f, &admin, "&scope=tools:read"), "tools:read");
        assert_eq!(scope(f, &admin, ""), "tools:read", "the default scope is within what it may have");
        let flat = json!({ "scopes": ["flat:read", "flat:admin"] });
        assert_eq!(scope(f, &flat, "&scope=flat:write"), "flat:write", "beside one that it may have anyway");
        let writer = f.client(&json!({ "scopes": ["tools:write"] }));
        f.request_token(&writer, "&scope=tools:admin").expect_error(400, "invalid_scope");
        let login =
            Login::new(f, &json!({ "scopes": ["openid", "profile", "email", "orders:read", "tools:admin"] }));
        let tokens = login.tokens(&[("scope", "openid tools:admin")]);
        assert_eq!(tokens["scope"], "openid tools:admin tools:write tools:read");
        let refresh = text(&tokens, "refresh_token").to_owned();
        let narrow = login.refresh(&refresh, "&scope=tools:write").expect(200).json();
        assert_eq!(narrow["scope"], "tools:write tools:read");
        let whole = login.refresh(text(&narrow, "refresh_token"), "").expect(200).json();
        assert_eq!(whole["scope"], "openid tools:admin tools:write tools:read");
        // A narrower grant doesn't widen by what would include it.
        let small = login.tokens(&[("scope", "openid tools:read")]);
        login.refresh(text(&small, "refresh_token"), "&scope=tools:admin").expect_error(400, "invalid_scope");
    });
}

pub fn a_wider_request_keeps_what_was_granted(f: &Fixture<'_>) {
    with_tools(f, || {
        let login = Login::new(
            f,
            &json!({ "first_party": false, "scopes": ["openid", "profile", "email", "orders:read", "tools:admin"] }),
        );
        let allow = |scope: &str| {
            let page = login.authorize(&[("scope", scope), ("resource", TOOLS)]).expect(200);
            let sent = login.browser.submit(&page, &[("action", "allow")]).expect(303);
            login.redeem(&parameters(&sent)["code"]).expect(200).json()
        };
        let first = allow("openid tools:read");
        // The step up (RFC 9470 in spirit): the union is asked for, the person is asked once more, and nothing is lost.
        let second = allow("openid tools:read tools:write");
        assert_eq!(second["scope"], "openid tools:read tools:write");
        let before = login.refresh(text(&first, "refresh_token"), "").expect(200).json();
        assert_eq!(before["scope"], "openid tools:read", "a refresh widens nothing");
        login
            .refresh(text(&before, "refresh_token"), "&scope=openid+tools:write")
            .expect_error(400, "invalid_scope");
        // Both are remembered, so neither is asked for again.
        for known in ["openid tools:read", "openid tools:write"] {
            login.authorize(&[("scope", known), ("resource", TOOLS)]).expect(303);
        }
    });
}

pub fn a_resource_in_upper_case_is_the_same_one(f: &Fixture<'_>) {
    with_tools(f, || {
        let client = f.client(&json!({ "scopes": ["tools:read", "orders:read"] }));
        for (asked, aud) in [
            ("HTTPS://Tools.Example/mcp", TOOLS),
            ("https://ORDERS.example/", "https://orders.example"),
            ("https://ORDERS.example", "https://orders.example"),
        ] {
            let token = f.token(&client, &format!("&resource={}", encode(asked)));
            assert_eq!(claims(&token)["aud"], aud, "{asked}: the audience is as it is configured");
        }
        for other in [
            "https://tools.example/MCP",
            "https://tools.example/mcp/",
            "https://tools.example:443/mcp",
            "https://tools.example",
        ] {
            let refused = f.request_token(&client, &format!("&resource={}", encode(other)));
            refused.expect_error(400, "invalid_target");
        }
        let twins = json!({ "resource": [
            { "identifier": "https://a.example/x", "scopes": ["a"] }, { "identifier": "https://A.example/x", "scopes": ["b"] },
        ] });
        f.apply_at(f.version(), &twins).expect_error(422, "invalid_config");
    });
}

pub fn a_wrong_resource_costs_neither_code_nor_refresh_token(f: &Fixture<'_>) {
    let login = Login::new(f, &json!({}));
    let orders = "https://orders.example";
    let code = login.code(&[("scope", "openid orders:read"), ("resource", orders)]);
    for wrong in ["https://ledger.example", "https://unheard.example", "https://orders.example/x"] {
        login.redeem_with(&login.client, &code, &[("resource", wrong)]).expect_error(400, "invalid_target");
    }
    let tokens = login.redeem(&code).expect(200).json();
    let refresh = text(&tokens, "refresh_token");
    for wrong in ["https://ledger.example", "https://unheard.example"] {
        let body = form(&[("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", wrong)]);
        login.token(&login.client, &body).expect_error(400, "invalid_target");
    }
    let again = login.refresh(refresh, "").expect(200).json();
    assert_eq!(claims(text(&again, "access_token"))["aud"], json!([orders, f.target.issuer()]));
    // At the authorization endpoint the application is told in so many words.
    let sent = parameters(&login.authorize(&[("resource", "https://unheard.example")]).expect(303));
    assert_eq!(sent["error"], "invalid_target");
    assert!(sent["error_description"].contains("identifier"), "{sent:?}");
}

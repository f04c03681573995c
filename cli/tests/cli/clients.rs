//! Single clients and their secrets.

use serde_json::json;

use crate::support::{QUICKSTART, TestServer, Workplace};

fn applied() -> (TestServer, Workplace) {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    place.run("apply --yes --secrets-file secrets").success();
    (server, place)
}

#[test]
fn a_client_is_registered_changed_listed_and_deleted() {
    let (_server, place) = applied();
    let created = place
        .run_args(&[
            "clients",
            "create",
            "--client-id",
            "batch/1",
            "--name",
            "Batch",
            "--grant",
            "client_credentials",
            "--scope",
            "orders:read",
            "--auth-method",
            "client_secret_post",
            "--origin",
            "https://a.example",
            "--ttl",
            "2m",
            "--claim",
            "tenant=acme",
            "--claim",
            "level=3",
            "--claim",
            "roles=[\"a\"]",
            "--json",
        ])
        .json();
    let client = &created["client"];
    assert_eq!(client["access_token_ttl"], 120);
    assert_eq!(client["claims"], json!({ "tenant": "acme", "level": 3, "roles": ["a"] }));
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_post");
    assert!(created["secret"]["client_secret"].as_str().is_some_and(|secret| secret.starts_with("mes_")));

    let updated = place.run("clients update batch/1 --scope orders:write --json").json();
    assert_eq!(updated["client"]["scopes"], json!(["orders:write"]));
    assert_eq!(updated["client"]["client_name"], "Batch", "the rest stays");
    assert_eq!(updated.get("secret"), None);

    let list = place.run("clients list").success();
    assert!(list.contains("batch/1     enabled   api       1        orders:write"), "{list}");
    assert!(list.contains("quickstart  enabled   file      1        orders:read orders:write"), "{list}");
    let shown = place.run("clients show batch/1").success();
    assert!(shown.contains("claim          level = 3") && shown.contains("2027-01-15T08:00:00Z"), "{shown}");

    let refused = place.run("clients delete batch/1").failure(64);
    assert!(refused.contains("--yes"), "{refused}");
    place.run("clients delete batch/1 --yes").success();
    assert!(place.run("clients show batch/1").failure(4).contains("there is no such client"));
}

#[test]
fn a_client_of_the_file_is_not_changed_behind_its_back() {
    let (_server, place) = applied();
    let refusal = place.run("clients update quickstart --name Other --json").failure(4);
    assert!(refusal.contains("managed_by_config") && refusal.contains("request_id"), "{refusal}");
    let refusal = place.run("clients create --client-id x --scope orders:raed").failure(3);
    assert!(refusal.contains("client.scopes[0]: no resource has the scope `orders:raed`"), "{refusal}");
    let refusal = place.run("clients update quickstart").failure(64);
    assert!(refusal.contains("say what is to change"), "{refusal}");
}

#[test]
fn a_disabled_client_gets_no_token_until_it_is_enabled() {
    let (_server, place) = applied();
    let place = place.with_issued_secret("secrets");
    place.run("token --client-id quickstart").success();
    place.run("clients disable quickstart").success();
    assert!(place.run("token --client-id quickstart").failure(4).contains("client authentication failed"));
    let plan = place.run("plan").success();
    assert!(plan.contains("disabled  true → (not set)"), "{plan}");
    place.run("clients enable quickstart").success();
    place.run("token --client-id quickstart").success();
}

#[test]
fn rotated_secrets_overlap_unless_told_otherwise() {
    let (_server, place) = applied();
    let place = place.with_issued_secret("secrets");
    let rotated = place.run("clients rotate-secret quickstart --expires-in 90d --json").json();
    assert_eq!(rotated["secret"]["expires_at"], 1_800_000_000_u64 + 90 * 86_400);
    let secrets = rotated["client"]["secrets"].as_array().expect("secrets");
    assert_eq!(secrets[0]["expires_at"], 1_800_000_000_u64 + 86_400);
    place.run("token --client-id quickstart").success();

    let text = place.run("clients rotate-secret quickstart --overlap 0").success();
    assert!(text.contains("mes_") && text.contains("have ended"), "{text}");
    place.run("token --client-id quickstart").failure(4);

    let secret_id = place.run("clients show quickstart --json").json()["secrets"][0]["secret_id"].clone();
    let secret_id = secret_id.as_str().expect("an id");
    place.run(&format!("clients remove-secret quickstart {secret_id}")).success();
    assert_eq!(place.run("clients show quickstart --json").json()["secrets"], json!([]));
    place.run(&format!("clients remove-secret quickstart {secret_id}")).failure(4);
}

#[test]
fn more_clients_than_a_page_holds_are_all_listed() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let clients: String = (0..205)
        .map(|number| format!("[[client]]\nclient_id = \"c{number:03}\"\n"))
        .collect::<Vec<_>>()
        .concat();
    place.write("mintedge.toml", &clients);
    place.run("apply --yes --json").success();
    let list = place.run("clients list --json").json();
    assert_eq!(list["clients"].as_array().map(Vec::len), Some(205));
    assert_eq!(list["clients"][204]["client_id"], "c204");
}

#[test]
fn a_revoked_client_keeps_its_secret_and_loses_everything_else() {
    let (_server, place) = applied();
    let place = place.with_issued_secret("secrets");
    let refusal = place.run("clients revoke quickstart").failure(64);
    assert!(refusal.contains("--yes"), "{refusal}");
    let text = place.run("clients revoke quickstart --yes").success();
    assert!(text.contains("Everything client quickstart was given has ended"), "{text}");
    assert_eq!(place.run("clients revoke quickstart --yes --json").json()["client_id"], "quickstart");
    place.run("token --client-id quickstart").success();
    assert_eq!(place.run("clients revoke --all --yes --json").json()["revoked"], "all");
    place.run("token --client-id quickstart").success();
    place.run("clients revoke no-such-client --yes").failure(4);
    place.run("clients revoke").failure(64);
    place.run("clients revoke quickstart --all --yes").failure(64);
}

/// A value for an option, by what its member looks like; what belongs together is named.
fn value_of(path: &str, help: &str) -> String {
    let fitting = match path {
        "name" => "First",
        "grant" => "authorization_code",
        "scope" | "default-scope" | "exchange-additional-scope" => "orders:read",
        "auth-method" => "client_secret_post",
        "origin" => "https://app.example.com",
        "claim" => "tenant=acme",
        "redirect-uri"
        | "post-logout-redirect-uri"
        | "frontchannel-logout-uri"
        | "backchannel-logout-uri"
        | "logo-uri"
        | "client-uri"
        | "policy-uri"
        | "tos-uri" => "https://app.example.com/x",
        "sector-identifier" => "app.example.com",
        "native-sso" => "acme",
        "device-lifetime" | "ciba-lifetime" => "20m",
        "backchannel-token-delivery-mode" => "ping",
        "backchannel-client-notification-endpoint" => "https://app.example.com/ping",
        "serves" | "exchange-audience" => "https://api.example.com",
        "exchange-subject-client" | "may-act" => "quickstart",
        "refresh-recovery" => "on",
        "refresh-mode" => "reuse",
        "subject-type" => "pairwise",
        "id-token-claims" => "minimal",
        "unknown-scopes" => "drop",
        "exchange-token-type" => "id_token",
        "refresh-retry-window" => "20s",
        "refresh-max-grants" | "ciba-hourly-limit" => "7",
        _ if help.contains("-alg") || path.ends_with("-alg") => "ES256",
        _ if help.contains("DURATION") => "2h",
        _ if help.contains("true|false") => "true",
        _ => panic!("--{path} has no value here: give it one that the server accepts"),
    };
    fitting.to_owned()
}

#[test]
fn every_setting_of_a_client_is_an_option() {
    let (_server, place) = applied();
    let schema = place.run("schema").json();
    let mut members = std::collections::BTreeSet::new();
    let mut collect = |definition: &str| {
        members
            .extend(schema["$defs"][definition]["properties"].as_object().expect("members").keys().cloned());
    };
    [
        "ClientConfig",
        "ClientAssertionConfig",
        "CibaConfig",
        "DeviceConfig",
        "RefreshConfig",
        "ExchangeConfig",
    ]
    .into_iter()
    .for_each(&mut collect);

    let help = place.run("clients create --help").success();
    let own = help.split("\n      --").skip(1).filter(|text| {
        ![
            "client-id ",
            "issuer ",
            "json",
            "address ",
            "ca-certificate ",
            "jwks",
            "token-endpoint-auth-signing-alg",
            "client-assertion-",
        ]
        .iter()
        .any(|other| text.starts_with(other))
    });
    let mut arguments = vec!["clients".to_owned(), "create".to_owned(), "--json".to_owned()];
    for text in own {
        let option = text.split([' ', '\n', '[']).next().expect("a name");
        arguments.push(format!("--{option}={}", value_of(option, text)));
    }
    // The grants that an ID token in exchange and the settings for devices and the backchannel need, and the scope of the last.
    arguments.extend([
        "--grant=urn:openid:params:grant-type:ciba".to_owned(),
        "--scope=openid".to_owned(),
        "--grant=urn:ietf:params:oauth:grant-type:device_code".to_owned(),
        "--grant=urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
        "--client-id=all".to_owned(),
    ]);
    let created = place.run_args(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).json();
    // One that authenticates with keys has no secret, and its keys are in one place.
    let key =
        r#"keys=[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]"#;
    let keyed = |id: &str, keys: &str| {
        let more = "--auth-method=private_key_jwt --token-endpoint-auth-signing-alg=EdDSA --client-assertion-audience=token_endpoint \
                    --client-assertion-one-time=false --client-assertion-max-lifetime=20m --grant=client_credentials --scope=orders:read";
        place.run(&format!("clients create --json --client-id={id} {more} {keys}")).json()
    };
    let clients = [
        &created["client"],
        &keyed("near", &format!("--jwks={key}"))["client"],
        &keyed("far", "--jwks-uri=https://app.example.com/jwks")["client"],
    ];
    // The configuration file's way to say `jwks`.
    assert!(members.remove("jwks_file"));
    for member in members {
        let found = clients.iter().any(|client| {
            let parts = ["refresh", "exchange", "device", "ciba", "client_assertion"];
            parts.iter().any(|part| client[part].get(&member).is_some()) || client.get(&member).is_some()
        });
        assert!(found, "{member} can't be said: {clients:?}");
    }
    let shown = place.run("clients show all").success();
    for text in ["https://app.example.com/x", "refresh.max_grants", "pairwise", "logo_uri"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn what_is_not_named_stays_and_what_is_unset_goes() {
    let (_server, place) = applied();
    place
        .run("clients create --client-id web --grant authorization_code --redirect-uri https://a.example/cb --first-party --refresh-idle 2h --logo-uri https://a.example/l --scope openid")
        .success();
    let client = |arguments: &str| {
        place.run(&format!("clients update web {arguments} --json")).json()["client"].clone()
    };
    let changed = client(
        "--redirect-uri https://a.example/cb --redirect-uri https://b.example/cb --refresh-max-grants 3",
    );
    assert_eq!(changed["redirect_uris"], json!(["https://a.example/cb", "https://b.example/cb"]));
    assert_eq!((&changed["refresh"]["idle"], &changed["refresh"]["max_grants"]), (&json!(7200), &json!(3)));
    assert_eq!(changed["first_party"], true);
    let changed = client("--first-party=false --unset logo_uri --unset refresh.idle");
    assert_eq!((changed.get("first_party"), changed.get("logo_uri")), (None, None));
    assert_eq!(
        (&changed["refresh"]["idle"], &changed["refresh"]["max_grants"]),
        (&json!(2_592_000), &json!(3))
    );
    assert!(place.run("clients update web --unset nothing").failure(64).contains("invalid value"));
}

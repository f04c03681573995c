//! Configurations of another server.

use serde_json::{Value, json};

use crate::support::{TestServer, Workplace};

const SNAKE: &str = include_str!("fixtures/identityserver-snake.json");
const WEB: &str = include_str!("fixtures/identityserver-web.json");
const PASCAL: &str = include_str!("fixtures/identityserver-pascal.json");

#[test]
fn resources_clients_and_secrets_arrive() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("old.json", SNAKE);
    let outcome = place.run(
        "import identityserver old.json -o mintedge.toml --secrets-out hashes.json --secrets-are hashed",
    );
    assert_eq!(outcome.code, 1, "something is left to decide: {outcome:?}");
    assert!(
        outcome.stdout.contains("Imported 2 resource(s) and 2 client(s). 6 point(s) need a decision"),
        "{outcome:?}"
    );
    assert_eq!(place.run("validate").success(), "mintedge.toml is valid: 2 resources, 2 clients.\n");
    place.assert_private("hashes.json");
    let everything = place.read("mintedge.toml") + &place.read("hashes.json");
    assert!(!everything.contains("a-plain-secret-of-decent-length"), "{everything}");

    place.run("apply --yes").success();
    let done = place.run("clients import-secrets hashes.json --replace --json").json();
    assert_eq!(done, json!({ "registered": 3 }));
    let place = place.with("MINTEDGE_CLIENT_SECRET", "a-plain-secret-of-decent-length");
    place.run("token --client-id billing-job --scope invoices:read").success();
    let place = place.with("MINTEDGE_CLIENT_SECRET", "secret");
    place.run("token --client-id billing-job --scope invoices:read").success();

    assert_eq!(place.run("clients import-secrets hashes.json --replace --json").json(), done);
    let client = place.run("clients show billing-job --json").json();
    assert_eq!(client["secrets"].as_array().map(Vec::len), Some(2), "running it again adds nothing");
}

#[test]
fn nothing_is_dropped_without_a_warning_and_a_comment() {
    let place = Workplace::new();
    place.write("old.json", SNAKE);
    let outcome = place.run("import identityserver old.json");
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let (warnings, toml) = (outcome.stderr, outcome.stdout);
    let expected = [
        "the grant `saml` is not imported",
        "the scope `orders:refund` is not imported: no resource has it",
        "the scope `invoices:read` is not imported: it belongs to `https://billing.example.com` already",
        "the client `mintedge-ops` is not imported: a client_id must not start with `mintedge-`",
        "secret 2 is not imported: it may be a SHA-256 hash or 32 random bytes; say which with --secrets-are",
        "secret 2 is shorter than 20 characters",
        "the identity resource `roles` has no counterpart",
        "the secrets of 2 client(s) are not imported; pass --secrets-out",
    ];
    for text in expected {
        assert!(warnings.contains(text), "{text}: {warnings}");
        assert!(toml.contains(text), "{text}: {toml}");
    }
    assert!(!toml.contains("\"s3cr3t\"") && !warnings.contains("s3cr3t"));
    let delegates =
        "exchange = { additional_scopes = [\"orders:read\"], audiences = [\"https://orders.example.com\"] }";
    assert!(toml.contains(delegates), "{toml}");
    let outcome = place.run("import identityserver old.json --json");
    let json: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(outcome.code, 1);
    assert!(json["decisions"].as_array().map(Vec::len) < json["warnings"].as_array().map(Vec::len));
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(warnings.lines().count()));
    assert_eq!(json["toml"], toml);
}

#[test]
fn other_styles_of_names_mean_the_same() {
    let place = Workplace::new();
    place.write("old.json", PASCAL);
    let toml =
        place.run("import identityserver old.json --secrets-out hashes.json --secrets-are hashed").stdout;
    for line in [
        "identifier = \"api1\"",
        "name = \"First API\"",
        "scopes = [\"api1.read\", \"api1.write\"]",
        "client_id = \"worker\"",
        "client_name = \"Worker\"",
        "grant_types = [\"client_credentials\"]",
        "scopes = [\"api1.read\", \"legacy\"]",
        "access_token_ttl = 3600",
        "allowed_origins = [\"https://app.example.com\"]",
        "disabled = true",
    ] {
        assert!(toml.lines().any(|found| found == line), "{line}: {toml}");
    }
    assert!(toml.contains("it lists no scopes, so it got `legacy`"), "{toml}");
    assert!(toml.contains("the scope `orphan` belongs to no resource"), "{toml}");
}

#[test]
fn what_can_not_be_imported_is_told_and_no_file_is_overwritten() {
    let place = Workplace::new();
    for (content, code, expected) in [
        ("{", 3, "is not JSON"),
        ("[]", 3, "no JSON object"),
        ("{\"users\": []}", 3, "neither `resources` nor `clients`"),
        ("{\"clients\": [], \"Clients\": []}", 3, "`Clients` is there twice"),
    ] {
        place.write("old.json", content);
        assert!(place.run("import identityserver old.json").failure(code).contains(expected), "{content}");
    }
    place.write(
        "old.json",
        "{\"clients\": [{}, {\"client_id\": \"a b\"}, {\"client_id\": \"c\"}, {\"client_id\": \"c\"}]}",
    );
    place.write("mintedge.toml", "# mine");
    assert_eq!(place.run("import identityserver old.json -o mintedge.toml").code, 1);
    assert_eq!(place.read("mintedge.toml"), "# mine");
    let warnings = place.run("import identityserver old.json").stderr;
    for text in ["client 1 has no client_id", "`a b` is not imported", "there twice", "no grant is left"] {
        assert!(warnings.contains(text), "{text}: {warnings}");
    }
}

#[test]
fn hashes_of_unknown_clients_are_told() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.run("clients create --client-id known").success();
    let hash = "K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols";
    place.write("hashes.json", &format!("{{\"known\": [\"{hash}\"], \"unknown\": [\"{hash}\"]}}"));
    let refusal = place.run("clients import-secrets hashes.json").failure(4);
    assert!(
        refusal.contains("client unknown: there is no such client")
            && refusal.contains("1 secret(s) of 1 client(s) registered"),
        "{refusal}"
    );
    for plain in ["[\"plain\"]", "\"plain\""] {
        place.write("hashes.json", &format!("{{\"known\": {plain}}}"));
        let refusal = place.run("clients import-secrets hashes.json").failure(3);
        assert!(refusal.contains("hashes.json:1:") && !refusal.contains("plain"), "{refusal}");
    }
}

#[test]
fn a_web_application_arrives_whole_and_needs_no_decision() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("old.json", &format!("\u{feff}{WEB}"));
    let outcome = place.run(
        "import identityserver old.json -o mintedge.toml --secrets-out hashes.json --secrets-are hashed",
    );
    assert!(
        outcome.stderr.contains("secret 1 is not imported: it ended 2019-01-01T00:00:00Z"),
        "{outcome:?}"
    );
    outcome.success();
    let toml = place.read("mintedge.toml");
    for line in [
        "grant_types = [\"authorization_code\", \"refresh_token\"]",
        "scopes = [\"openid\", \"profile\", \"email\", \"offline_access\", \"orders.read\"]",
        "scope_descriptions = { \"orders.read\" = \"Read your orders\" }",
        "first_party = true",
        "pkce_optional = true",
        "redirect_uris = [\"https://shop.example.com/signin-oidc\"]",
        "post_logout_redirect_uris = [\"https://shop.example.com/signout-callback-oidc\"]",
        "frontchannel_logout_uri = \"https://shop.example.com/signout-oidc\"",
        "backchannel_logout_uri = \"https://shop.example.com/backchannel\"",
        "logo_uri = \"https://shop.example.com/logo.png\"",
        "client_uri = \"https://shop.example.com\"",
        "claims = { tenant = \"acme\" }",
    ] {
        assert!(toml.lines().any(|found| found == line), "{line}: {toml}");
    }
    assert!(toml.contains("idle = 86400") && toml.contains("absolute = 2592000"), "{toml}");
    place.run("validate").success();
    place.run("apply --yes --secrets-file secrets").success();
    let done = place.run("clients import-secrets hashes.json --replace --json").json();
    assert_eq!(done, json!({ "registered": 1 }));
    let client = place.run("clients show shop --json").json();
    let ends: Vec<_> =
        client["secrets"].as_array().expect("secrets").iter().map(|secret| &secret["expires_at"]).collect();
    assert_eq!(ends.len(), 1, "{client}");
    assert!(ends[0].is_u64(), "what ends still ends: {client}");
}

#[test]
fn a_misspelt_member_is_read_as_what_was_meant_and_a_secret_is_never_dropped_in_silence() {
    let place = Workplace::new();
    let client = |members: &str| {
        place.write(
            "old.json",
            &format!("{{\"resources\": [{{\"name\": \"api\", \"scopes\": [\"a\"]}}], \"clients\": [{{\"client_id\": \"c\", \"allowed_grant_types\": [\"client_credentials\"], \"allowed_scopes\": [\"a\"], {members}}}]}}"),
        );
        let _ = std::fs::remove_file(place.path("hashes.json"));
        place.run("import identityserver old.json --secrets-out hashes.json")
    };
    let outcome = client("\"client_secrects\": [\"a-plain-secret-of-decent-length\"]");
    assert!(outcome.stderr.contains("`client_secrects` is read as `client_secrets`"), "{outcome:?}");
    outcome.success();
    assert!(place.read("hashes.json").contains("\"c\""));
    for members in [
        "\"shared_secret\": \"a-plain-secret-of-decent-length\"",
        "\"credentials\": [{\"secret\": \"a-plain-secret-of-decent-length\"}]",
    ] {
        let outcome = client(members);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(
            outcome.stderr.contains("looks like a secret") && !outcome.stderr.contains("a-plain"),
            "{outcome:?}"
        );
    }
}

#[test]
fn what_would_not_apply_ends_with_the_code_of_an_invalid_file() {
    let place = Workplace::new();
    place.write(
        "old.json",
        "{\"clients\": [{\"client_id\": \"c\", \"allowed_grant_types\": \"code\", \"allowed_scopes\": [\"openid\"], \"redirect_uris\": [\"https://*.example.com/cb\"]}]}",
    );
    let outcome = place.run("import identityserver old.json -o mintedge.toml");
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("to be repaired by hand: client[0].redirect_uris"), "{outcome:?}");
    place.run("validate").failure(3);
}

#[test]
fn files_of_other_products_are_told_apart_and_refused() {
    let place = Workplace::new();
    let cases = [
        ("{\"realm\": \"acme\", \"clients\": [{\"clientId\": \"a\", \"publicClient\": true}]}", "Keycloak"),
        ("{\"clients\": [{\"clientId\": \"a\", \"standardFlowEnabled\": true}]}", "Keycloak"),
        (
            "[{\"client_id\": \"a\", \"grant_types\": [\"client_credentials\"], \"token_endpoint_auth_method\": \"none\"}]",
            "Hydra",
        ),
        ("{\"items\": [{\"client_id\": \"a\", \"response_types\": [\"code\"]}]}", "Hydra"),
        ("{\"clients\": [{\"name\": \"a\", \"app_type\": \"spa\", \"callbacks\": []}]}", "Auth0"),
    ];
    for (content, product) in cases {
        place.write("old.json", content);
        let refusal = place.run("import identityserver old.json -o new.toml").failure(3);
        assert!(
            refusal.contains(product) && refusal.contains("by hand") || refusal.contains("[[client]]"),
            "{refusal}"
        );
        assert!(!place.path("new.toml").exists());
    }
}

//! Configurations of another server.

use serde_json::{Value, json};

use crate::support::{TestServer, Workplace};

const SNAKE: &str = include_str!("fixtures/identityserver-snake.json");
const PASCAL: &str = include_str!("fixtures/identityserver-pascal.json");

#[test]
fn resources_clients_and_secrets_arrive() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("old.json", SNAKE);
    let text =
        place.run("import identityserver old.json -o mintedge.toml --secrets-out hashes.json").success();
    assert!(text.contains("Imported 2 resource(s) and 2 client(s)."), "{text}");
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
    let (warnings, toml) = (outcome.stderr.clone(), outcome.success());
    let expected = [
        "the grant `saml` is not imported",
        "the scope `orders:refund` is not imported: no resource has it",
        "the scope `invoices:read` is not imported: it belongs to `https://billing.example.com` already",
        "the client `mintedge-ops` is not imported: a client_id must not start with `mintedge-`",
        "without counterpart and not imported: redirect_uris",
        "secret 2 is shorter than 20 characters",
        "`identity_resources` has no counterpart",
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
    let json: Value = place.run("import identityserver old.json --json").json();
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(warnings.lines().count()));
    assert_eq!(json["toml"], toml);
}

#[test]
fn other_styles_of_names_mean_the_same() {
    let place = Workplace::new();
    place.write("old.json", PASCAL);
    let toml = place.run("import identityserver old.json").success();
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

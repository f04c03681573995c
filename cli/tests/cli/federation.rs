//! Trusted issuers and rules: in the file, on their way to the server, and explained.

use mintedge::protocol::codec::encoding::base64url;
use serde_json::{Value, json};

use crate::support::{Outcome, TestServer, Workplace};

const FILE: &str = r#"issuer = "https://id.example.com"
[[resource]]
identifier = "https://deploy.example.com"
scopes = ["deploy", "publish"]
[[client]]
client_id = "ci"
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
scopes = ["deploy"]
[[client]]
client_id = "cd"
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
scopes = ["deploy", "publish"]
[[trusted_issuer]]
id = "github"
kind = "github_actions"
[[rule]]
id = "main"
issuer = "github"
match.repository_id = 1
match.ref = "refs/heads/main"
clients = ["ci", "cd"]
audiences = ["https://deploy.example.com"]
scopes = ["deploy", "publish"]
ttl = 300
[[rule]]
id = "tags"
issuer = "github"
match.repository_id = [1, 2]
match.ref = { glob = "refs/tags/v*" }
clients = ["cd"]
audiences = ["https://deploy.example.com"]
scopes = ["publish"]
"#;

const KEYS: &str = r#"{ "keys": [{ "kty": "OKP", "kid": "one", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] }"#;

fn place_with(file: &str) -> Workplace {
    let place = Workplace::new();
    place.write("mintedge.toml", file);
    place
}

#[test]
fn mistakes_in_issuers_and_rules_are_told_with_their_place() {
    assert_eq!(
        place_with(FILE).run("validate").success(),
        "mintedge.toml is valid: 1 resource, 2 clients, 1 trusted issuer, 2 rules.\n"
    );
    let cases = [
        (
            "match.ref = \"refs/heads/main\"",
            "match.ref = 1.5",
            "`ref` has to be a string, or true or false, or a whole number, or a list, or a table, not a fraction",
        ),
        (
            "{ glob = \"refs/tags/v*\" }",
            "{ glob = \"v\", regex = \"x\" }",
            "unknown key `regex` in [rule.match.ref]",
        ),
        ("{ glob = \"refs/tags/v*\" }", "{ glob = 1 }", "`glob` has to be a string"),
        (
            "{ glob = \"refs/tags/v*\" }",
            "[{ glob = \"v*\" }]",
            "`ref[0]` has to be a string, or true or false, or a whole number",
        ),
        ("{ glob = \"refs/tags/v*\" }", "{ glob = \"*\" }", "too wide"),
        (
            "match.repository_id = 1\n",
            "match.repository = \"octo/x\"\n",
            "`repository_id` or `repository_owner_id`",
        ),
        ("clients = [\"cd\"]", "clients = [\"dc\"]", "there is no client `dc` in this file"),
        (
            "issuer = \"github\"\nmatch.repository_id = 1\n",
            "issuer = \"githup\"\nmatch.repository_id = 1\n",
            "did you mean `github`?",
        ),
        ("scopes = [\"publish\"]\n", "scopes = [\"publsh\"]\n", "did you mean `publish`?"),
        ("kind = \"github_actions\"", "kind = \"github\"", "unknown value `github` in `kind`"),
        (
            "kind = \"github_actions\"",
            "kind = \"github_actions\"\nmax_age = -1",
            "`max_age` has to be a number from 0 on",
        ),
        ("ttl = 300", "ttl = 901", "30 to 900 seconds"),
        (
            "{ glob = \"refs/tags/v*\" }",
            "{ glob = \"refs/heads/*\" }",
            "a token can fit both `main` and `tags`",
        ),
    ];
    for (from, to, expected) in cases {
        let text = FILE.replacen(from, to, 1);
        assert_ne!(text, FILE, "{from}");
        let refusal = place_with(&text).run("validate").failure(3);
        assert!(refusal.contains(expected) && refusal.contains(": 1 problem\n"), "{to}: {refusal}");
    }
}

#[test]
fn keys_can_be_in_a_file_of_their_own() {
    let with_keys = FILE.replace(
        "kind = \"github_actions\"",
        "kind = \"oidc\"\nissuer = \"https://ci.example.com\"\njwks_file = \"keys/ci.json\"",
    );
    let place = place_with(&with_keys);
    std::fs::create_dir(place.path("keys")).expect("a directory");
    assert!(place.run("validate").failure(3).contains("`keys/ci.json`: "), "there is none");
    place.write("keys/ci.json", KEYS);
    place.run("validate").success();
    let elsewhere = Workplace::new();
    let path = place.path("mintedge.toml");
    elsewhere.run_args(&["validate", path.to_str().expect("UTF-8")]).success();
    for (content, expected) in [
        ("{ \"secret\": ", "no JSON Web Key Set"),
        ("[]", "no JSON Web Key Set"),
        ("{}", "a list `keys`"),
        (&KEYS.replace("\"x\"", "\"d\": \"top-secret\", \"x\""), "private or secret key"),
    ] {
        place.write("keys/ci.json", content);
        let refusal = place.run("validate").failure(3);
        assert!(refusal.contains(expected) && refusal.contains("jwks_file = "), "{refusal}");
        assert!(!refusal.contains("top-secret") && !refusal.contains("\"secret\""), "{refusal}");
    }
    place.write("mintedge.toml", &with_keys.replace("jwks_file", "jwks = { keys = [] }\njwks_file"));
    assert!(place.run("validate").failure(3).contains("not both"));
}

#[test]
fn issuers_and_rules_are_planned_applied_and_exported() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let file = FILE.replace("https://id.example.com", server.issuer()).replace(
        "kind = \"github_actions\"",
        "kind = \"oidc\"\nissuer = \"https://ci.example.com\"\njwks_file = \"keys.json\"",
    );
    place.write("keys.json", KEYS);
    place.write("mintedge.toml", &file);
    let plan = place.run("plan").success();
    for line in [
        "+ trusted_issuer \"github\"",
        "the keys \"one\"",
        "+ rule \"main\"",
        "match.ref",
        "{\"glob\":\"refs/tags/v*\"}",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    place.run("apply --yes").success();
    assert_eq!(place.run("plan").success(), "No changes.\n");
    let exported = place.run("export").success();
    assert!(exported.contains("\nmatch.ref = \"refs/heads/main\"\n"), "{exported}");
    assert!(exported.contains("\njwks = { keys = [") || exported.contains("\njwks.keys = ["), "{exported}");
    place.write("exported.toml", &exported);
    assert_eq!(place.run("plan exported.toml").success(), "No changes.\n");

    place.write(
        "mintedge.toml",
        &file.replace("refs/tags/v*", "refs/tags/r*").replace("match.repository_id = 1\n", ""),
    );
    let plan = place.run("plan").success();
    assert!(plan.contains("match.ref  {\"glob\":\"refs/tags/v*\"} → {\"glob\":\"refs/tags/r*\"}"), "{plan}");
    assert!(plan.contains("match.repository_id  1 → (not set)"), "{plan}");
}

const SIGNATURE: &str = "c2lnbmF0dXJlLXRoYXQtbXVzdC1ub3QtYmUtc2hvd24";

fn token(header: &Value, changes: &Value) -> String {
    let mut claims = json!({ "iss": "https://token.actions.githubusercontent.com", "sub": "repo:octo/x:ref:refs/heads/main",
        "aud": "https://id.example.com", "repository_id": "1", "ref": "refs/heads/main", "event_name": "push",
        "iat": 1_800_000_000, "exp": 1_800_000_300, "jti": "a" });
    claims.as_object_mut().expect("an object").extend(changes.as_object().cloned().expect("an object"));
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{SIGNATURE}", part(header), part(&claims))
}

fn explain(file: &str, changes: &Value, options: &[&str]) -> Outcome {
    let token = token(&json!({ "alg": "RS256", "typ": "JWT", "kid": "k" }), changes);
    let outcome = place_with(file).run_with_input(&[&["explain", "-"], options].concat(), &token);
    assert!(!format!("{outcome:?}").contains(SIGNATURE), "{outcome:?}");
    outcome
}

#[test]
fn a_token_that_fits_one_rule_is_explained() {
    let text = explain(FILE, &json!({}), &["--client", "ci"]).success();
    for part in [
        "Only decoded: the signature is not verified",
        "iss       \"https://token.actions.githubusercontent.com\": the trusted issuer `github`",
        "the token counts once",
        "ok main: fits",
        "no tags: it is not for the client `ci`",
        "main wins. It issues",
        "sub        ext:github:repo:octo/x:ref:refs/heads/main",
        "scopes     deploy\n",
        "ttl        300 s at most",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_token_that_fits_none_is_explained_claim_by_claim() {
    let outcome =
        explain(FILE, &json!({ "ref": "refs/heads/x", "repository_id": null }), &["--client", "cd"]);
    assert_eq!(outcome.code, 1);
    for part in [
        "ref is \"refs/heads/x\", wanted \"refs/heads/main\"",
        "ref is \"refs/heads/x\", wanted something like \"refs/tags/v*\"",
        "repository_id is null, wanted one of [1,2]",
        "Outcome: nothing; no rule fits.",
    ] {
        assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
    }
    let risky = explain(FILE, &json!({ "event_name": "workflow_run" }), &["--json"]);
    assert_eq!(risky.code, 1);
    let json: Value = serde_json::from_str(&risky.stdout).expect("JSON");
    assert_eq!(
        json["rules"][0]["mismatches"],
        json!([{ "claim": "event_name", "seen": "workflow_run", "wanted": null }])
    );
    assert_eq!(
        (&json["signature_checked"], &json["trusted_issuer"], &json["outcome"]["as_grant"]["verdict"]),
        (&json!(false), &json!("github"), &json!("none"))
    );
}

#[test]
fn what_is_wrong_before_any_rule_is_told() {
    let cases = [
        (json!({ "aud": "https://github.com/octo" }), "has to be https://id.example.com"),
        (json!({ "iss": "https://evil.example" }), "no trusted issuer has exactly this address"),
        (json!({ "jti": "" }), "is missing, and a token of this issuer counts once"),
        (json!({ "exp": 1_800_090_000 }), "made for 90000 s, at most 7200 s"),
        (json!({ "exp": null }), "`iat` and `exp` are both needed"),
        (json!({ "cnf": {} }), "bound to a key"),
        (json!({ "sub": 1 }), "no sub"),
    ];
    for (changes, expected) in cases {
        let outcome = explain(FILE, &changes, &[]);
        assert!(outcome.code == 1 && outcome.stdout.contains(expected), "{expected}: {outcome:?}");
    }
    let old = explain(FILE, &json!({ "iat": 1_000_000_000, "exp": 1_000_000_300 }), &[]);
    assert!(old.code == 0 && old.stdout.contains("no exp") && old.stdout.contains("would refuse"), "{old:?}");
    let place = place_with(FILE);
    for (header, expected) in [
        (json!({ "alg": "HS256" }), "\"HS256\": not accepted"),
        (json!({ "alg": "RS256", "typ": "logout+jwt" }), "no kind of token that is taken"),
    ] {
        let outcome = place.run_args(&["explain", &token(&header, &json!({}))]);
        assert!(outcome.code == 1 && outcome.stdout.contains(expected), "{outcome:?}");
    }
}

#[test]
fn what_is_no_token_is_not_repeated() {
    let place = place_with(FILE);
    for secret in ["mes_a-secret", "a.b", "e30.e30", "a.b.c", "ZQ.ZQ.ZQ"] {
        let refusal = place.run_args(&["explain", secret]).failure(3);
        assert!(refusal.contains("this is no JWT") && !refusal.contains(secret), "{refusal}");
    }
    assert!(place.run("explain a.b.c --client nobody").failure(64).contains("no client `nobody`"));
}

#[test]
fn rules_that_authenticate_are_a_purpose_of_their_own() {
    let both = FILE
        .replace("clients = [\"cd\"]", "clients = [\"ci\"]")
        .replace("scopes = [\"deploy\"]", "scopes = [\"deploy\", \"publish\"]");
    let tag = json!({ "ref": "refs/tags/v1", "sub": "a b" });
    let none = explain(&both, &tag, &[]);
    assert!(
        none.code == 1
            && none.stdout.contains("nothing, although tags fits:")
            && none
                .stdout
                .contains("nothing to ci: the subject would hold something else than printable ASCII"),
        "{none:?}"
    );
}

#[test]
fn why_nothing_would_be_issued_is_told_by_the_servers_own_judgment() {
    let no_scopes = FILE.replacen("scopes = [\"deploy\"]", "scopes = []", 1);
    let cases = [
        (
            FILE.to_owned(),
            json!({ "sub": "x".repeat(250) }),
            "the subject would have 261 bytes, and 256 is the most",
        ),
        (no_scopes.clone(), json!({}), "it has none of the rule's scopes at the rule's audiences"),
        (
            FILE.replacen("client_id = \"ci\"", "client_id = \"ci\"\ndisabled = true", 1),
            json!({}),
            "it is switched off",
        ),
    ];
    for (file, changes, why) in cases {
        let outcome = explain(&file, &changes, &["--client", "ci"]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        for part in ["nothing, although main fits:", "nothing to ci: ", why] {
            assert!(outcome.stdout.contains(part), "{part}: {}", outcome.stdout);
        }
        assert!(!outcome.stdout.contains("wins"), "{}", outcome.stdout);
        let json = explain(&file, &changes, &["--client", "ci", "--json"]);
        let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
        assert_eq!(json["outcome"]["as_grant"]["verdict"], "nothing", "{json}");
    }
    let some = explain(&no_scopes, &json!({}), &[]).success();
    assert!(some.contains("client     cd\n") && some.contains("and nothing to ci: it has none"), "{some}");
}

#[test]
fn what_the_server_would_not_read_is_told() {
    let header = r#"{"alg":"RS256","typ":"JWT"}"#;
    let claims = json!({ "iss": "https://token.actions.githubusercontent.com", "sub": "s", "aud": "https://id.example.com",
        "repository_id": "1", "ref": "refs/heads/main", "iat": 1_800_000_000, "exp": 1_800_000_300, "jti": "a" });
    let claims = claims.to_string();
    for (header, claims, expected) in [
        (header.to_owned(), claims.replacen('{', "{\"sub\":\"t\",", 1), "a member comes twice"),
        (header.replacen('{', "{\"crit\":[\"x\"],", 1), claims.clone(), "`crit` asks for an extension"),
        (header.to_owned(), claims.replacen('{', "{\"events\":{},", 1), "security event"),
    ] {
        let token = format!("{}.{}.{SIGNATURE}", base64url(header.as_bytes()), base64url(claims.as_bytes()));
        let outcome = place_with(FILE).run_with_input(&["explain", "-"], &token);
        assert!(outcome.code == 1 && outcome.stdout.contains(expected), "{expected}: {outcome:?}");
    }
}

#[test]
fn what_is_allowed_and_probably_not_meant_is_a_warning() {
    let audiences = "audiences = [\"https://kubernetes.default.svc\"]";
    let file = FILE.replace("kind = \"github_actions\"", &format!("kind = \"github_actions\"\n{audiences}"));
    let place = place_with(&file);
    let outcome = place.run("validate");
    assert!(outcome.code == 0 && outcome.stdout.starts_with("mintedge.toml is valid"), "{outcome:?}");
    let told = "warning: `https://kubernetes.default.svc` is the audience of tokens for an API server";
    assert!(outcome.stderr.contains(told) && outcome.stderr.contains(audiences), "{outcome:?}");
    let json = place.run("validate --json");
    assert!(json.stderr.is_empty(), "{json:?}");
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let key = &json["warnings"][0]["key"];
    assert_eq!((&json["valid"], key), (&json!(true), &json!("trusted_issuer[0].audiences[0]")));
    assert!(place_with(FILE).run("validate").stderr.is_empty());
}

#[test]
fn a_token_is_not_explained_by_a_file_for_another_server() {
    let place = place_with(FILE).with("MINTEDGE_ISSUER", "https://other.example.com");
    let refusal = place.run(&format!("explain {}", token(&json!({}), &json!({})))).failure(64);
    assert!(refusal.contains("the file is meant for https://id.example.com"), "{refusal}");
}

//! `mintedge doctor`: every rule has a server that breaks it.

mod site;

use serde_json::{Value, json};

use crate::support::{QUICKSTART, TestServer, Workplace};
use site::{Answer, OAUTH, OPENID, RESOURCE, Served, Site};

/// How a case looks at the site.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    /// As a client that is registered.
    Client,
    /// Registering one.
    Register,
    /// Without a client.
    Stranger,
    /// As an own deployment.
    Own,
}

/// A rule, its verdict, the look, and what breaks it.
type Case = (&'static str, &'static str, Look, fn(&mut Site));

const CASES: &[Case] = &[
    ("protected", "failure", Look::Stranger, |site| site.set("POST /mcp", Answer::json(200, &json!({})))),
    ("challenge", "failure", Look::Stranger, |site| {
        site.head("POST /mcp", "www-authenticate", "Basic realm=\"x\"");
    }),
    ("challenge-resource-metadata", "warning", Look::Stranger, |site| {
        site.head("POST /mcp", "www-authenticate", "Bearer scope=\"a\"");
    }),
    ("challenge-scope", "warning", Look::Stranger, |site| {
        site.head("POST /mcp", "www-authenticate", "Bearer");
    }),
    ("resource-metadata", "failure", Look::Stranger, |site| site.remove(RESOURCE)),
    ("resource-metadata", "failure", Look::Stranger, |site| {
        site.head(RESOURCE, "content-type", "text/plain");
    }),
    ("resource-identifier", "failure", Look::Stranger, |site| {
        site.edit(RESOURCE, "resource", json!("https://other.example/mcp"));
    }),
    ("resource-identifier", "warning", Look::Stranger, |site| {
        let origin = site.origin.clone();
        site.edit(RESOURCE, "resource", json!(origin));
    }),
    ("authorization-servers", "failure", Look::Stranger, |site| {
        site.edit(RESOURCE, "authorization_servers", json!([]));
    }),
    ("one-authorization-server", "warning", Look::Stranger, |site| {
        let servers = json!([site.origin, "https://other.example"]);
        site.edit(RESOURCE, "authorization_servers", servers);
    }),
    ("bearer-header", "failure", Look::Stranger, |site| {
        site.edit(RESOURCE, "bearer_methods_supported", json!(["query"]));
    }),
    ("resource-scopes", "warning", Look::Stranger, |site| {
        site.edit(RESOURCE, "scopes_supported", json!(["offline_access"]));
    }),
    ("server-metadata", "failure", Look::Stranger, |site| {
        site.remove(OAUTH);
        site.remove(OPENID);
    }),
    ("well-known-answers", "failure", Look::Stranger, |site| site.set(OPENID, Answer::html(500))),
    ("well-known-answers", "failure", Look::Stranger, |site| site.set(OPENID, Answer::html(200))),
    ("well-known-answers", "warning", Look::Stranger, |site| site.set(OPENID, Answer::html(403))),
    ("issuer", "failure", Look::Stranger, |site| {
        let slashed = json!(format!("{}/", site.origin));
        site.edit_metadata("issuer", &slashed);
    }),
    ("documents-agree", "warning", Look::Stranger, |site| {
        site.edit(OPENID, "token_endpoint", json!("https://other.example/token"));
    }),
    ("endpoints", "failure", Look::Stranger, |site| site.edit_metadata("token_endpoint", &Value::Null)),
    ("endpoints-https", "failure", Look::Stranger, |site| {
        site.edit_metadata("revocation_endpoint", &json!("http://as.example/revoke"));
    }),
    ("response-type", "failure", Look::Stranger, |site| {
        site.edit_metadata("response_types_supported", &json!(["token"]));
    }),
    ("pkce", "failure", Look::Stranger, |site| {
        site.edit_metadata("code_challenge_methods_supported", &Value::Null);
    }),
    ("public-clients", "warning", Look::Stranger, |site| {
        site.edit_metadata("token_endpoint_auth_methods_supported", &json!(["client_secret_basic"]));
    }),
    ("response-issuer", "warning", Look::Stranger, |site| {
        site.edit_metadata("authorization_response_iss_parameter_supported", &Value::Null);
    }),
    ("refresh", "warning", Look::Stranger, |site| {
        site.edit_metadata("grant_types_supported", &json!(["authorization_code"]));
    }),
    ("discovery-cors", "warning", Look::Stranger, |site| {
        site.head(
            "OPTIONS /.well-known/oauth-authorization-server",
            "access-control-allow-headers",
            "accept",
        );
    }),
    ("keys", "failure", Look::Stranger, |site| site.edit("GET /jwks", "keys", json!([]))),
    ("keys-public", "failure", Look::Stranger, |site| {
        site.edit("GET /jwks", "keys", json!([{ "kty": "EC", "kid": "k1", "d": "secret" }]));
    }),
    ("onboarding", "warning", Look::Stranger, |site| {
        site.edit_metadata("registration_endpoint", &Value::Null);
    }),
    ("onboarding", "warning", Look::Stranger, |site| {
        site.edit_metadata("client_id_metadata_document_supported", &json!(false));
    }),
    ("registration-open", "warning", Look::Stranger, |site| {
        site.set("POST /register nonsense", Answer::json(401, &json!({ "error": "invalid_token" })));
    }),
    ("registration-open", "warning", Look::Register, |site| {
        site.set("POST /register", Answer::json(403, &json!({})));
    }),
    ("registration-refusal", "failure", Look::Stranger, |site| {
        site.set("POST /register nonsense", Answer::html(400));
    }),
    ("registration-refusal", "failure", Look::Stranger, |site| {
        site.set("POST /register nonsense", Answer::json(201, &json!({ "client_id": "x" })));
    }),
    ("registration-answer", "failure", Look::Register, |site| {
        site.set("POST /register", Answer::json(400, &json!({ "error": "invalid_redirect_uri" })));
    }),
    ("registration-answer", "failure", Look::Register, |site| {
        site.head("POST /register", "cache-control", "");
    }),
    ("registration-answer", "failure", Look::Register, |site| {
        site.edit("POST /register", "redirect_uris", json!([]));
    }),
    ("registration-answer", "failure", Look::Register, |site| {
        site.edit("POST /register", "client_secret", json!("s"));
    }),
    ("registration-answer", "failure", Look::Register, |site| {
        site.edit("POST /register", "client_id", json!("https://c.example/x"));
    }),
    ("no-open-redirect", "failure", Look::Stranger, |site| {
        let away = Answer::html(302).with("location", "https://mintedge-doctor.invalid/callback?error=x");
        site.set("GET /authorize stranger", away);
    }),
    ("authorize", "failure", Look::Stranger, |site| site.set("GET /authorize stranger", Answer::html(500))),
    ("authorize", "failure", Look::Client, |site| site.set("GET /authorize", Answer::html(400))),
    ("authorize", "failure", Look::Client, |site| {
        let refused = site.answers["GET /authorize plain"].clone();
        site.set("GET /authorize", refused);
    }),
    ("authorize-error", "failure", Look::Client, |site| {
        site.head(
            "GET /authorize plain",
            "location",
            "http://127.0.0.1:33418/callback?error=invalid_request",
        );
    }),
    ("pkce-required", "failure", Look::Client, |site| site.set("GET /authorize plain", Answer::html(200))),
    ("token-error", "failure", Look::Stranger, |site| site.set("POST /token", Answer::html(400))),
    ("token-error", "failure", Look::Stranger, |site| {
        site.set("POST /token", Answer::json(403, &json!({ "error": "invalid_client" })));
    }),
    ("token-error", "failure", Look::Stranger, |site| site.edit("POST /token", "error", json!("oops"))),
    ("unknown-client", "warning", Look::Stranger, |site| {
        site.edit("POST /token", "error", json!("invalid_grant"));
    }),
    ("token-checked", "failure", Look::Stranger, |site| {
        site.set("POST /mcp token", Answer::json(200, &json!({})));
    }),
    ("invalid-token", "warning", Look::Stranger, |site| {
        site.head("POST /mcp token", "www-authenticate", "Bearer");
    }),
    ("issuer-url", "warning", Look::Own, |_| {}),
    ("clock", "failure", Look::Own, |site| site.head(OAUTH, "date", "Fri, 15 Jan 1999 08:00:00 GMT")),
    ("authorize", "failure", Look::Own, |site| site.remove("GET /login")),
    ("admin-api", "warning", Look::Own, |site| {
        site.set("POST /token admin", Answer::json(401, &json!({ "error": "invalid_client" })));
    }),
    ("configuration", "failure", Look::Own, |site| site.remove("GET /admin/v1/config")),
    ("keys-in-force", "failure", Look::Own, |site| site.edit("GET /admin/v1/keys", "keys", json!([]))),
    ("keys-in-force", "failure", Look::Own, |site| site.remove("GET /admin/v1/keys")),
    ("keys-wrapped", "warning", Look::Own, |site| {
        site.edit("GET /admin/v1/keys", "kek", json!({ "id": null, "wrapped": 0, "others": 2 }));
    }),
    ("keys-wrapped", "warning", Look::Own, |site| {
        site.edit("GET /admin/v1/keys", "kek", json!({ "id": "x", "wrapped": 1, "others": 1 }));
    }),
    ("keys-published", "warning", Look::Own, |site| {
        site.edit("GET /jwks", "keys", json!([{ "kty": "EC", "kid": "another" }]));
    }),
    ("people", "failure", Look::Own, |site| {
        site.set("GET /admin/v1/users/nobody%40mintedge-doctor.invalid", Answer::html(500));
    }),
];

/// Rules that no answer breaks, but the absence of one, or the command line.
const ELSEWHERE: [&str; 2] = ["reachable", "resource-url"];

fn examine(origin: &str, look: Look) -> (i32, Value) {
    let place = Workplace::new();
    let outcome = match look {
        Look::Client => place.run(&format!("doctor mcp {origin}/mcp --json --client-id app")),
        Look::Register => place.run(&format!("doctor mcp {origin}/mcp --json --register")),
        Look::Stranger => place.run(&format!("doctor mcp {origin}/mcp --json")),
        Look::Own => {
            let place =
                place.with("MINTEDGE_ADMIN_SECRET", "mea_0000000000000000000000000000000000000000000000000");
            place.run(&format!("doctor --issuer {origin} --json"))
        }
    };
    let report = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    (outcome.code, report)
}

/// The rules that a report names, with their verdicts.
fn broken(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let named = findings.filter(|finding| finding.get("rule").is_some());
    let text = |finding: &Value, name: &str| finding[name].as_str().expect(name).to_owned();
    named.map(|finding| (text(finding, "rule"), text(finding, "verdict"))).collect()
}

#[test]
fn a_sound_site_breaks_no_rule() {
    let served = Served::start(|_| {});
    for look in [Look::Client, Look::Register, Look::Stranger] {
        let (code, report) = examine(&served.origin, look);
        assert_eq!((code, broken(&report)), (0, Vec::new()), "{report:#}");
        assert!(report["findings"].as_array().expect("findings").len() > 10);
    }
    let (code, report) = examine(&served.origin, Look::Own);
    assert_eq!(broken(&report), [("issuer-url".to_owned(), "warning".to_owned())], "{report:#}");
    assert_eq!((code, &report["verdict"]), (0, &json!("warning")));
}

#[test]
fn each_rule_is_broken_by_a_site_that_breaks_it() {
    for (rule, verdict, look, change) in CASES {
        let served = Served::start(change);
        let (code, report) = examine(&served.origin, *look);
        let found = broken(&report);
        assert!(found.contains(&((*rule).to_owned(), (*verdict).to_owned())), "{rule} {verdict}: {report:#}");
        let fails = found.iter().any(|(_, verdict)| verdict == "failure");
        assert_eq!(code, i32::from(fails), "{rule}: {report:#}");
    }
}

#[test]
fn every_documented_rule_has_a_case() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/doctor.md")).expect("the page");
    let rules = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rules: Vec<&str> = rules.collect();
    assert!(rules.len() > 40, "{rules:?}");
    for rule in rules {
        assert!(ELSEWHERE.contains(&rule) || CASES.iter().any(|(known, ..)| *known == rule), "{rule}");
    }
}

#[test]
fn what_is_no_address_or_not_there_fails() {
    let place = Workplace::new();
    for (url, rule) in [
        ("http://mcp.example/mcp", "resource-url"),
        ("https://mcp.example/mcp#x", "resource-url"),
        ("nonsense", "resource-url"),
        ("http://127.0.0.1:1/mcp", "reachable"),
    ] {
        let outcome = place.run(&format!("doctor mcp {url}"));
        assert_eq!(outcome.code, 1, "{outcome:?}");
        assert!(outcome.stdout.contains(rule) && outcome.stdout.contains("1 failed"), "{outcome:?}");
    }
}

/// What a server says is bounded, can't move the terminal's cursor, and leads nowhere.
#[test]
fn a_hostile_server_is_kept_at_bay() {
    let served = Served::start(|site| {
        let mut long = site.answers[OAUTH].clone();
        long.body = format!("{{\"issuer\":\"{}\"}}", "x".repeat(300 * 1024));
        site.set(OAUTH, long);
        site.edit(OPENID, "issuer", json!("\u{1b}[2J\u{7}https://as.example"));
        site.set("GET /jwks", Answer::html(302).with("location", format!("{}/token", site.origin)));
    });
    let outcome = Workplace::new().run(&format!("doctor mcp {}/mcp", served.origin));
    assert_eq!(outcome.code, 1);
    assert!(!outcome.stdout.contains(['\u{1b}', '\u{7}']), "{outcome:?}");
    assert!(outcome.stdout.contains("longer than 262144 bytes"), "{outcome:?}");
    assert!(outcome.stdout.contains("status 302"), "{outcome:?}");
}

#[test]
fn an_own_deployment_is_looked_at_from_outside_and_inside() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    place.run("apply --yes").success();
    let report = place.run("doctor --json").json();
    let found = broken(&report);
    assert!(found.iter().all(|(_, verdict)| verdict == "warning"), "{report:#}");
    let said = report.to_string();
    for wanted in [
        "configuration in force is version 1",
        "what edges read in KV",
        "directory of people answers",
        "no KEK",
    ] {
        assert!(said.contains(wanted), "{wanted}: {report:#}");
    }
    let stranger = Workplace::new().run(&format!("doctor --issuer {}", server.issuer()));
    assert!(stranger.success().contains("admin-api"));
}

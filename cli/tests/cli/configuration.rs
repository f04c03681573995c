//! The configuration's way to the server and back: plan, apply, export.

use mintedge::protocol::config::Config;
use mintedge::protocol::http::Method;
use mintedge::protocol::objects::control::ControlCommand;
use serde_json::json;

use crate::support::{QUICKSTART, TestServer, Workplace};

#[test]
fn the_quickstart_is_valid_and_names_no_issuer() {
    let place = Workplace::new();
    place.write("mintedge.toml", QUICKSTART);
    assert_eq!(place.run("validate").success(), "mintedge.toml is valid: 1 resource, 1 client.\n");
    assert_eq!(place.run("validate --json").json(), json!({ "valid": true, "resources": 1, "clients": 1 }));
    assert!(!QUICKSTART.contains("issuer"));
}

#[test]
fn what_is_worth_a_second_thought_is_a_warning_and_no_failure() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let text = "[[resource]]\nidentifier = \"https://old.example\"\nscopes = [\"old:read\"]\naccess_token_typ = \"JWT\"\n";
    place.write("mintedge.toml", text);
    for command in ["validate", "plan", "apply --yes"] {
        let outcome = place.run(command);
        assert!(
            outcome.stderr.contains("warning: ") && outcome.stderr.contains("mintedge.toml:4:"),
            "{outcome:?}"
        );
        outcome.success();
    }
    let verdict = place.run("validate --json").json();
    assert_eq!(verdict["warnings"][0]["key"], "resource[0].access_token_typ");
    place.write("mintedge.toml", QUICKSTART);
    assert_eq!(place.run("validate").stderr, "");
}

#[test]
fn applying_twice_changes_nothing_the_second_time() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    assert_eq!(place.run("plan --detailed-exitcode").code, 2);

    let first = place.run("apply mintedge.toml --yes --json").json();
    assert_eq!(
        (&first["applied"], &first["version"], &first["plan"]["add"]),
        (&json!(true), &json!(1), &json!(2))
    );
    assert_eq!(first["secrets"][0]["client_id"], "quickstart");
    assert!(first["secrets"][0]["client_secret"].as_str().is_some_and(|secret| secret.starts_with("mes_")));

    let second = place.run("apply mintedge.toml --yes --json").json();
    assert_eq!(
        (&second["applied"], &second["version"], &second["secrets"]),
        (&json!(false), &json!(1), &json!([]))
    );
    assert_eq!(place.run("plan --detailed-exitcode").success(), "No changes.\n");
}

#[test]
fn a_change_is_planned_and_applied_for_people() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    let text = place.run("apply --yes").success();
    assert!(text.contains("+ client \"quickstart\"") && text.contains("Plan: 2 to add"), "{text}");
    assert!(text.contains("Applied. Version 1") && text.contains("60 seconds"), "{text}");
    assert!(text.contains("shown only now") && text.contains("quickstart  mes_"), "{text}");

    place.write(
        "mintedge.toml",
        &QUICKSTART.replace("client_name = \"Quickstart\"", "client_name = \"Renamed\""),
    );
    let plan = place.run("plan").success();
    assert!(plan.contains("client_name  \"Quickstart\" → \"Renamed\""), "{plan}");
    let text = place.run("apply --yes").success();
    assert!(!text.contains("mes_"), "no new secret: {text}");
}

#[test]
fn a_client_registered_through_the_api_is_adopted() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.run("clients create --client-id quickstart --name Before").success();
    place.write("mintedge.toml", QUICKSTART);
    let applied = place.run("apply --yes --json").json();
    let adopted = &applied["plan"]["changes"][1];
    assert_eq!((&adopted["action"], &adopted["name"]), (&json!("adopt"), &json!("quickstart")));
    assert_eq!(applied["secrets"], json!([]), "it keeps its secret");
    assert_eq!(place.run("clients show quickstart --json").json()["managed_by"], "config");
}

#[test]
fn a_rival_in_between_is_a_conflict_and_nothing_changes() {
    let mut rival = Some(Config::default());
    let server = TestServer::start_with(move |world, request| {
        if request.method == Method::Put
            && let Some(mut config) = rival.take()
        {
            config.tokens.access_token_ttl = 60;
            let command = ControlCommand::Apply { base_version: 0, config: Box::new(config) };
            world.control(&command).expect("applied");
        }
    });
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    let refusal = place.run("apply --yes --json");
    assert_eq!((refusal.code, refusal.stdout.as_str()), (5, ""));
    assert!(
        refusal.stderr.contains("version_conflict") && refusal.stderr.contains("plan again"),
        "{refusal:?}"
    );
    assert_eq!(place.run("clients list --json").json(), json!({ "clients": [] }));
    assert_eq!(place.run("apply --yes --json").json()["version"], 2);
}

#[test]
fn new_secrets_go_to_a_file_if_asked() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    assert_eq!(place.run("apply --yes --secrets-file no/such/directory").code, 1);
    assert_eq!(place.run("clients list --json").json(), json!({ "clients": [] }), "nothing was applied");

    let outcome = place.run("apply --yes --json --secrets-file secrets");
    assert!(!outcome.stdout.contains("mes_") && !outcome.stderr.contains("mes_"));
    assert_eq!(outcome.json()["secrets"], json!([]));
    place.assert_private("secrets");

    place.write("mintedge.toml", &format!("{QUICKSTART}[[client]]\nclient_id = \"second\"\n"));
    let text = place.run("apply --yes --secrets-file secrets").success();
    assert!(text.contains("The new secrets are in secrets.") && !text.contains("mes_"), "{text}");
    let lines: Vec<serde_json::Value> =
        place.read("secrets").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ids: Vec<_> = lines.iter().map(|line| &line["client_id"]).collect();
    assert_eq!(ids, ["quickstart", "second"]);
    assert!(
        lines
            .iter()
            .all(|line| line["client_secret"].as_str().is_some_and(|secret| secret.starts_with("mes_")))
    );
}

#[test]
fn an_export_applies_without_changes() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let rich = r#"
[keys]
rotate_every_days = 30
[login]
sign_up = "invitation"
[sessions]
idle = 7200
[branding]
name = "Acme"
[[resource]]
identifier = "urn:example:api"
name = "With \"quotes\" and ümlauts"
scopes = ["a:read", "a:write", "a:delete", "a:a-scope-with-quite-a-long-name", "a:another-scope-with-a-long-name"]
signing_alg = "EdDSA"
access_token_ttl = 60
claims = { region = "eu", nested = { list = [1, 2.5, true, "x"] }, "https://example.com/claim" = "x" }
[[client]]
client_id = "full"
client_name = "Full"
grant_types = ["client_credentials"]
scopes = ["a:read"]
token_endpoint_auth_method = "client_secret_post"
access_token_ttl = 30
claims = { tenant = "t" }
allowed_origins = ["https://app.example.com"]
disabled = true
[[client]]
client_id = "public"
token_endpoint_auth_method = "none"
"#;
    place.write("mintedge.toml", rich);
    place.run("apply --yes").success();
    place.write("exported.toml", &place.run("export").success());
    assert_eq!(place.run("plan exported.toml").success(), "No changes.\n");
    let text = place.read("exported.toml");
    assert!(text.contains(&format!("issuer = \"{}\"", server.issuer())), "{text}");
    assert!(
        !text.contains("ES256") && !text.contains("client_secret_basic"),
        "defaults are left out: {text}"
    );
}

#[test]
fn an_export_of_everything_says_where_clients_come_from() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    place.run("apply --yes").success();
    place
        .run_args(&[
            "clients",
            "create",
            "--client-id",
            "api-made",
            "--claim",
            "x={\"y\":null}",
            "--claim",
            "z=1",
        ])
        .success();
    let generated = place.run("clients create --json").json()["client"]["client_id"].clone();

    let text = place.run("export --all").success();
    assert!(text.contains("# Registered through the API; applying this file takes it over."), "{text}");
    assert!(text.contains("# The claim \"x\" is left out") && text.contains("claims = { z = 1 }"), "{text}");
    assert!(text.contains(&format!("# client_id = {generated}")), "{text}");
    place.write("all.toml", &text);
    assert_eq!(place.run("plan all.toml --json").json()["changes"][0]["action"], "adopt");
    let json = place.run("export --all --json").json();
    assert_eq!(
        (json["config"]["client"].as_array().map(Vec::len), json["api_clients"].as_array().map(Vec::len)),
        (Some(1), Some(2))
    );
}

#[test]
fn a_fresh_file_does_not_remove_everything_by_accident() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let clients: String =
        [0, 1, 2, 3].map(|number| format!("[[client]]\nclient_id = \"c{number}\"\n")).concat();
    place.write("mintedge.toml", &clients);
    place.run("apply --yes --secrets-file secrets").success();
    place.write("mintedge.toml", "");
    let outcome = place.run("apply --yes");
    assert_eq!(outcome.code, 4, "{outcome:?}");
    assert!(
        outcome.stderr.contains("would remove 4 entries") && outcome.stderr.contains("--allow-removals 4"),
        "{outcome:?}"
    );
    assert_eq!(place.run("clients list --json").json()["clients"].as_array().map(Vec::len), Some(4));
    place.write("mintedge.toml", "[[client]]\nclient_id = \"c0\"\n");
    place.run("apply --yes").success();
    place.write("mintedge.toml", &clients);
    place.run("apply --yes --secrets-file secrets").success();
    place.write("mintedge.toml", "");
    place.run("apply --yes --allow-removals 4").success();
}

#[test]
fn a_server_that_nothing_was_applied_to_says_version_0() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let text = place.run("export --json").success();
    assert!(text.lines().any(|line| line.trim().trim_end_matches(',') == "\"version\": 0"), "{text}");
    place.run("clients create").success();
    assert_eq!(place.run("export --json").json()["version"], 0, "clients beside the file are no version");
}

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

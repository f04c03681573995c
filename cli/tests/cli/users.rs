//! People's accounts, and what clients got for them.

use serde_json::json;

use crate::support::{APP, TestServer, Workplace, log_in};

fn place() -> (TestServer, Workplace) {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    (server, place)
}

fn with_app() -> (TestServer, Workplace) {
    let (server, place) = place();
    place.write("mintedge.toml", APP);
    place.run("apply --yes").success();
    (server, place)
}

#[test]
fn a_user_is_made_listed_changed_and_deleted() {
    let (_server, place) = place();
    assert_eq!(place.run("users list").success(), "There are no users.\n");
    let arguments = [
        "users",
        "create",
        "Ada@Example.com",
        "--claim",
        "name=Ada Lovelace",
        "--claim",
        "nickname=007",
        "--claim",
        "email_verified=true",
        "--password-stdin",
        "--json",
    ];
    let created = place.run_with_input(&arguments, "correct horse\n").json();
    let user = &created["user"];
    let claims = json!({ "name": "Ada Lovelace", "nickname": "007", "email": "ada@example.com", "email_verified": true });
    assert_eq!((&user["claims"], &user["has_password"]), (&claims, &json!(true)));
    assert_eq!(created.get("password"), None);
    let sub = user["sub"].as_str().expect("a sub");
    let refused = place.run("users create ADA@example.com --no-password --json").failure(4);
    assert!(refused.contains("already_exists") && refused.contains("request_id"), "{refused}");

    place.run("users create bob --no-password").success();
    let list = place.run("users list").success();
    assert!(list.starts_with("SUB ") && list.contains(&format!("{sub}  ada@example.com\n")), "{list}");
    assert_eq!(place.run("users list --json").json()["users"][1]["login"], "bob");
    let found = place.run("users list --search AD --json").json();
    assert_eq!(found["users"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["users"][0]["login"], "ada@example.com");
    let shown = place.run("users show bob").success();
    assert!(shown.starts_with("bob\n") && shown.contains("password       none"), "{shown}");

    let changed = place
        .run_args(&[
            "users",
            "set",
            "ada@example.com",
            "--claim",
            "name=Ada",
            "--remove-claim",
            "nickname",
            "--login",
            "Ada",
            "--json",
        ])
        .json();
    let claims = json!({ "name": "Ada", "email": "ada@example.com", "email_verified": true });
    assert_eq!((&changed["user"]["login"], &changed["user"]["claims"]), (&json!("ada"), &claims));
    assert!(place.run("users set ada").failure(64).contains("say what is to change"));
    assert!(place.run("users set ada --claim role=admin").failure(64).contains("no standard claim"));
    assert!(place.run("users set ada --claim address=London").failure(64).contains("JSON"));

    let refused = place.run("users delete ada").failure(64);
    assert!(refused.contains("--yes"), "{refused}");
    place.run(&format!("users delete {sub} --yes")).success();
    assert!(place.run("users show ada").failure(4).contains("there is no such user"));
    assert!(place.run("users delete ada --yes").failure(4).contains("there is no such user"));
}

#[test]
fn a_password_never_comes_from_the_command_line() {
    let (server, place) = with_app();
    assert!(place.run("users create ada").failure(64).contains("--generate-password"));
    place.run("users create ada --password correct-horse").failure(64);
    place.run("users create ada --password-stdin --generate-password").failure(64);
    let refused = place.run_with_input(&["users", "create", "ada", "--password-stdin"], "short").failure(3);
    assert!(refused.contains("password: a password has at least 8 characters"), "{refused}");
    assert!(place.run("users create ada --password-stdin").failure(64).contains("holds no password"));
    assert_eq!(place.run("users list").success(), "There are no users.\n");

    let created = place.run("users create ada --generate-password --json").json();
    let password = created["password"].as_str().expect("a password");
    assert_eq!(password.len(), 24);
    assert!(log_in(&server, "ada", password));
    let changed = place.run("users set ada --generate-password").success();
    assert!(
        changed.contains("They are signed out everywhere.") && changed.contains("shown only now"),
        "{changed}"
    );
    assert!(!log_in(&server, "ada", password));
    place.run_with_input(&["users", "set", "ada", "--password-stdin"], "a new password\r\n").success();
    assert!(log_in(&server, "ada", "a new password"));
}

#[test]
fn a_hash_from_elsewhere_is_taken_over() {
    let (server, place) = with_app();
    let hash =
        "$argon2id$v=19$m=4096,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$+esSnnCYQcGSAI26hEyI8IFctpfgkZmPu9k+AAsn2Z4";
    let arguments = ["users", "create", "ada", "--password-hash-stdin"];
    assert!(place.run_with_input(&arguments, "plain text").failure(3).contains("password_hash"));
    place.run_with_input(&arguments, hash).success();
    assert!(log_in(&server, "ada", "a password from elsewhere"));
}

#[test]
fn an_invitation_and_a_reset_print_a_link_once() {
    let (server, place) = place();
    let text = place.run("users invite ada@example.com --claim name=Ada").success();
    let link = format!("{}/password?token=mel_", server.issuer());
    assert!(text.contains(&link) && text.contains("until 2027-01-22T08:00:00Z"), "{text}");
    let shown = place.run("users show ada@example.com").success();
    assert!(
        shown.contains("link           works until 2027-01-22T08:00:00Z") && !shown.contains("mel_"),
        "{shown}"
    );
    let reset = place.run("users reset ada@example.com --json").json();
    assert!(reset["link"].as_str().is_some_and(|text| text.starts_with(&link)), "{reset}");
    assert_eq!(reset["user"]["link_expires_at"], 1_800_000_000_u64 + 86_400);
    place.run("users disable ada@example.com").success();
    assert!(place.run("users reset ada@example.com").failure(4).contains("enable them first"));
}

#[test]
fn somebody_disabled_or_signed_out_is_out() {
    let (server, place) = with_app();
    place.run_with_input(&["users", "create", "ada", "--password-stdin"], "correct horse").success();
    assert!(log_in(&server, "ada", "correct horse"));
    let shown = place.run("users show ada --json").json();
    assert_eq!((shown["login"].as_str(), shown["sessions"].as_array().map(Vec::len)), (Some("ada"), Some(1)));
    place.run("users sign-out ada").success();
    let shown = place.run("users show ada --json").json();
    assert_eq!((&shown["sessions"], &shown["grants"]), (&json!([]), &json!([])));
    let disabled = place.run("users disable ada --json").json();
    assert_eq!(disabled["enabled"], false);
    assert!(!log_in(&server, "ada", "correct horse"));
    place.run("users enable ada").success();
    assert!(log_in(&server, "ada", "correct horse"));
}

#[test]
fn grants_are_listed_and_revoked() {
    let (server, place) = with_app();
    place.run_with_input(&["users", "create", "ada", "--password-stdin"], "correct horse").success();
    assert_eq!(place.run("grants list ada").success(), "User ada has no grants.\n");
    assert!(log_in(&server, "ada", "correct horse"));
    let grant = place.run("grants list ada --json").json()["grants"][0].clone();
    let id = grant["grant_id"].as_str().expect("an id");
    assert_eq!((&grant["client_id"], &grant["offline"]), (&json!("app"), &json!(true)));
    let list = place.run("grants list ada").success();
    assert!(list.contains(&format!("{id}  app        2027-01-15T08:00:00Z")), "{list}");
    let shown = place.run("users show ada").success();
    assert!(shown.contains(&format!("grant          {id}  app: ")), "{shown}");
    place.run(&format!("grants revoke ada {id}")).success();
    assert_eq!(place.run("grants list ada --json").json(), json!({ "grants": [] }));
    assert!(place.run("grants revoke ada nonsense").failure(4).contains("the user has no such grant"));
    assert!(place.run("grants list nobody").failure(4).contains("there is no such user"));
}

#[test]
fn an_export_holds_no_secrets() {
    let (server, place) = with_app();
    place.run_with_input(&["users", "create", "ada", "--password-stdin"], "correct horse").success();
    assert!(log_in(&server, "ada", "correct horse"));
    let text = place.run("users export ada").success();
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON without --json too");
    assert_eq!(rows["user"]["login"], "ada");
    assert!(!text.contains("argon2") && !text.contains("sha256") && !text.contains("seed"), "{text}");
    assert_eq!(place.run("users export ada --json").json(), rows);
}

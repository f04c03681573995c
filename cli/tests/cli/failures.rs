//! What goes wrong, and the exit code it leads to.

use mintedge::protocol::http::Method;

use crate::support::{QUICKSTART, TestServer, Workplace};

#[test]
fn wrong_usage_is_64_and_help_is_none() {
    let place = Workplace::new();
    for arguments in
        ["nonsense", "plan --nonsense", "token", "clients nonsense", "clients rotate-secret x --overlap 1w"]
    {
        let outcome = place.run(arguments);
        assert_eq!(outcome.code, 64, "{arguments}: {outcome:?}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&place.run("nonsense --json").failure(64)).expect("JSON");
    assert_eq!((&json["error"], &json["exit_code"]), (&"usage".into(), &64.into()));
    for arguments in ["--help", "help", "--version", "clients --help"] {
        assert!(!place.run(arguments).success().is_empty(), "{arguments}");
    }
    let place = place.with("MINTEDGE_ISSUER", "https://auth.example.com");
    assert!(place.run_args(&[]).success().contains("Commands:"), "a bare command says what there is");
    assert!(place.run("clients").success().contains("rotate-secret"));
}

#[test]
fn output_that_is_no_terminal_has_no_colors() {
    let place = Workplace::new();
    place.write("mintedge.toml", "x = 1");
    assert!(!place.run("validate").failure(3).contains('\u{1b}'));
    assert!(!place.run("--help").success().contains('\u{1b}'));
}

#[test]
fn a_missing_server_or_credential_is_told_before_anything_is_sent() {
    let place = Workplace::new();
    place.write("mintedge.toml", QUICKSTART);
    assert!(place.run("plan").failure(64).contains("which server?"));
    assert!(place.run("clients list").failure(64).contains("which server?"));
    let refusal = place.run("plan --issuer https://auth.example.com").failure(64);
    assert!(refusal.contains("MINTEDGE_ADMIN_SECRET"), "{refusal}");
    let refusal = place.run("plan --issuer http://auth.example.com").failure(64);
    assert!(refusal.contains("https"), "{refusal}");
    assert!(place.run("validate nothing.toml").failure(1).contains("can't read nothing.toml"));
}

#[test]
fn a_file_for_another_server_is_not_applied() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", &format!("issuer = \"https://other.example.com\"\n{QUICKSTART}"));
    let refusal = place.run("apply --yes").failure(64);
    assert!(refusal.contains("meant for https://other.example.com"), "{refusal}");
}

#[test]
fn the_issuer_of_the_file_counts_if_no_other_is_given() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server).without("MINTEDGE_ISSUER");
    place.write("mintedge.toml", &format!("issuer = \"{}\"\n{QUICKSTART}", server.issuer()));
    place.run("apply --yes").success();
    place.run("clients list").success();
}

#[test]
fn a_server_that_is_not_there_is_6() {
    let place = Workplace::new().with("MINTEDGE_ADMIN_SECRET", "mea_x");
    // Port 1 is reserved; nothing listens there.
    let refusal = place.run("clients list --issuer http://127.0.0.1:1").failure(6);
    assert!(refusal.contains("can't reach http://127.0.0.1:1: nothing listens there"), "{refusal}");
    let server = TestServer::start_with(|world, _| world.set_unreachable(true));
    let refusal = Workplace::for_server(&server).run("clients list --json").failure(6);
    assert!(refusal.contains("\"exit_code\": 6") && refusal.contains("request_id"), "{refusal}");
}

#[test]
fn a_lost_answer_to_a_change_says_that_nobody_knows() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    server.lose_answers_to(Method::Put);
    let refusal = place.run("apply --yes");
    assert_eq!(refusal.code, 6);
    assert!(refusal.stderr.contains("took effect is not known"), "{refusal:?}");
    assert!(refusal.stderr.contains("clients rotate-secret"), "{refusal:?}");
    assert_eq!(place.run("plan").success(), "No changes.\n", "it had taken effect");
    server.lose_answers_to(Method::Post);
    let refusal = place.run("plan").failure(6);
    assert!(!refusal.contains("took effect"), "asking for a token changes nothing: {refusal}");
}

#[test]
fn a_wrong_admin_secret_is_4_and_does_not_show() {
    let server = TestServer::start();
    let place =
        Workplace::for_server(&server).with("MINTEDGE_ADMIN_SECRET", "mea_not-the-one-of-this-deployment");
    let refusal = place.run("clients list").failure(4);
    assert!(refusal.contains("refused the credential of MINTEDGE_ADMIN_SECRET"), "{refusal}");
    assert!(!refusal.contains("not-the-one"), "{refusal}");
}

#[test]
fn another_client_administers_as_far_as_its_scopes_go() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let created = place
        .run("clients create --client-id auditor --grant client_credentials --scope mintedge:read --json")
        .json();
    let secret = created["secret"]["client_secret"].as_str().expect("a secret");
    let auditor = place
        .with("MINTEDGE_ADMIN_SECRET", "")
        .with("MINTEDGE_CLIENT_ID", "auditor")
        .with("MINTEDGE_CLIENT_SECRET", secret);
    auditor.run("clients list").success();
    let refusal = auditor.run("clients disable auditor --json").failure(4);
    assert!(refusal.contains("invalid_scope"), "{refusal}");
}

#[test]
fn what_only_the_server_knows_is_shown_at_its_line() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", &format!("[[resource]]\nidentifier = \"{}/admin\"\n", server.issuer()));
    let refusal = place.run("apply --yes");
    assert_eq!(refusal.code, 3);
    assert!(refusal.stderr.contains("this is the server's own admin API"), "{refusal:?}");
    assert!(refusal.stderr.contains("--> mintedge.toml:2:14"), "{refusal:?}");
}

#[test]
fn without_a_terminal_apply_wants_yes() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    let outcome = place.run("apply");
    assert_eq!(outcome.code, 64);
    assert!(outcome.stdout.contains("Plan: 2 to add") && outcome.stderr.contains("--yes"), "{outcome:?}");
    assert_eq!(place.run("clients list").success(), "There are no clients.\n");
}

//! Administrators who sign in with a browser: `login`, `logout`, `whoami`, and commands that use the login.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mintedge::protocol::http::Body;
use serde_json::Value;

use crate::support::{TestServer, TlsProxy, Workplace, answer, connect, visit};

const ADA: (&str, &str) = ("ada@example.com", "correct horse battery staple");
const EVERYTHING: &str = "[\"mintedge:read\", \"mintedge:write\"]";

/// A place with the admin secret, in which Ada has an account and the role of `scopes`.
fn with_ada(server: &TestServer, scopes: &str) -> Workplace {
    let office = Workplace::for_server(server);
    let create = ["users", "create", ADA.0, "--password-stdin"];
    office.run_with_input(&create, ADA.1).success();
    appoint(&office, scopes);
    office
}

fn appoint(office: &Workplace, scopes: &str) {
    office.write("mintedge.toml", &format!("[[administrator]]\nuser = \"{}\"\nscopes = {scopes}\n", ADA.0));
    office.run("apply --yes").success();
}

/// A place in which Ada is signed in.
fn signed_in(server: &TestServer) -> Workplace {
    let place = Workplace::for_administrator(server);
    let login = place.start_login("--no-browser");
    let (status, page) = visit(&answer(server, &login.url, ADA, "allow"));
    assert!(status == 200 && page.contains("signed in as <strong>ada@example.com</strong>"), "{page}");
    login.end().success();
    place
}

fn stored(place: &Workplace) -> Value {
    serde_json::from_str(&place.read(&place.login_file())).expect("JSON")
}

/// Lets the access token that is kept run out.
fn age(place: &Workplace) {
    let mut login = stored(place);
    login["tokens"]["expires_at"] = 0.into();
    place.write(&place.login_file(), &login.to_string());
}

#[test]
fn an_administrator_signs_in_works_and_signs_out() {
    let server = TestServer::start();
    let office = with_ada(&server, EVERYTHING);
    let place = Workplace::for_administrator(&server);
    assert!(place.run("whoami").failure(64).contains("mintedge login"), "nobody is signed in");
    let login = place.start_login("--no-browser");
    assert!(
        login.url.contains("code_challenge_method=S256")
            && login.url.contains("redirect_uri=http%3A%2F%2F127.0.0.1%3A")
    );
    visit(&answer(&server, &login.url, ADA, "allow"));
    let said = login.end().success();
    assert!(said.contains("as ada@example.com: mintedge:read, mintedge:write"), "{said}");
    place.assert_private(&place.login_file());
    let who = place.run("whoami --json").json();
    assert_eq!((&who["login"], &who["client_id"]), (&ADA.0.into(), &"mintedge-cli".into()));
    assert!(place.run("whoami").success().contains("mintedge login"));
    place.run("keys rotate").success();
    place.write("mintedge.toml", &office.read("mintedge.toml"));
    assert_eq!(place.run("plan").success(), "No changes.\n");
    for text in [&said, &place.run("users list --json").success()] {
        assert!(!text.contains("eyJ") && !text.contains("mer_"), "{text}");
    }
    let kept = place.read(&place.login_file());
    let file = place.login_file();
    assert!(place.run("logout").success().contains("signed out of"));
    assert!(!place.path(&file).exists());
    assert!(place.run("logout").success().contains("not signed in"));
    // What somebody may have copied is worth nothing.
    place.write(&file, &kept);
    make_private(&place, &file);
    let refusal = place.run("users list").failure(4);
    assert!(refusal.contains("has ended") && refusal.contains("mintedge login"), "{refusal}");
    place.run("logout --local").success();
    assert!(!place.path(&file).exists());
}

#[cfg(unix)]
fn set_mode(place: &Workplace, file: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(place.path(file), std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn make_private(place: &Workplace, file: &str) {
    #[cfg(unix)]
    set_mode(place, file, 0o600);
    let _ = (place, file);
}

#[test]
fn only_what_the_account_may_do_is_granted() {
    let server = TestServer::start();
    with_ada(&server, "[\"mintedge:read\"]");
    let place = signed_in(&server);
    assert_eq!(place.run("whoami --json").json()["scopes"], serde_json::json!(["mintedge:read"]));
    place.run("keys list").success();
    let refusal = place.run("keys rotate --json").failure(4);
    assert!(refusal.contains("insufficient_scope"), "{refusal}");
}

#[test]
fn who_is_no_administrator_or_says_no_is_not_signed_in() {
    let server = TestServer::start();
    let office = with_ada(&server, EVERYTHING);
    let bob = ("bob@example.com", ADA.1);
    office.run_with_input(&["users", "create", bob.0, "--password-stdin"], bob.1).success();
    for (person, action) in [(bob, "allow"), (ADA, "deny")] {
        let place = Workplace::for_administrator(&server);
        let login = place.start_login("--no-browser");
        let (status, page) = visit(&answer(&server, &login.url, person, action));
        assert!(status == 400 && page.contains("You are not signed in"), "{page}");
        let refusal = login.end().failure(4);
        assert!(refusal.contains("--other-account"), "{refusal}");
        assert!(!place.path(".config/mintedge/logins").exists() || place.run("whoami").code == 64);
    }
}

#[test]
fn only_the_answer_to_this_request_counts() {
    let server = TestServer::start();
    with_ada(&server, EVERYTHING);
    let place = Workplace::for_administrator(&server);
    let login = place.start_login("--no-browser");
    let right = answer(&server, &login.url, ADA, "allow");
    let (start, query) = right.split_once('?').expect("a query");
    let state = query.split('&').find(|pair| pair.starts_with("state=")).expect("a state");
    for wrong in [
        format!("{start}?code=stolen&state=guessed"),
        format!("{start}?code=stolen"),
        format!("{start}?{query}&{state}"),
        format!("{start}/elsewhere?{query}"),
        start.replace("/callback", "/favicon.ico"),
    ] {
        assert_eq!(visit(&wrong).0, 404, "{wrong}");
    }
    assert_eq!(visit(&right).0, 200, "the others were turned away and waited on");
    login.end().success();
    let place = Workplace::for_administrator(&server);
    for iss in ["", "&iss=https%3A%2F%2Fevil.example"] {
        let login = place.start_login("--no-browser");
        let right = answer(&server, &login.url, ADA, "allow");
        let mixed_up: Vec<&str> = right.split('&').filter(|pair| !pair.starts_with("iss=")).collect();
        assert_eq!(visit(&format!("{}{iss}", mixed_up.join("&"))).0, 400);
        let refusal = login.end().failure(4);
        assert!(refusal.contains("is not one of http://127.0.0.1"), "{refusal}");
    }
}

#[test]
fn a_login_is_renewed_once_however_many_commands_need_it() {
    let refreshes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refreshes);
    let server = TestServer::start_with(move |_, request| {
        if let Body::Bytes(body) = &request.body
            && body.starts_with(b"grant_type=refresh_token")
        {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    with_ada(&server, EVERYTHING);
    let place = signed_in(&server);
    let first = stored(&place)["tokens"].clone();
    for round in 1..=3 {
        age(&place);
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| place.run("keys list").success());
            }
        });
        assert_eq!(refreshes.load(Ordering::Relaxed), round);
    }
    let last = stored(&place)["tokens"].clone();
    assert!(last["refresh_token"] != first["refresh_token"] && last["access_token"] != first["access_token"]);
    place.assert_private(&place.login_file());
}

#[test]
fn a_token_that_the_server_refuses_is_renewed() {
    let server = TestServer::start();
    let office = with_ada(&server, EVERYTHING);
    let place = signed_in(&server);
    let kid = office.run("keys list --json").json()["keys"][0]["kid"].as_str().expect("a key").to_owned();
    office.run(&format!("keys retire {kid} --yes")).success();
    place.run("keys list").success();
    office.run(&format!("users sign-out {}", ADA.0)).success();
    let refusal = place.run("keys list --json").failure(4);
    assert!(refusal.contains("login_ended"), "{refusal}");
}

#[test]
fn a_role_that_is_taken_away_ends_the_use_of_the_login() {
    let server = TestServer::start();
    let office = with_ada(&server, EVERYTHING);
    let place = signed_in(&server);
    office.write("mintedge.toml", "");
    let plan = office.run("plan");
    assert!(plan.stderr.contains("last administrator"), "{plan:?}");
    office.run("apply --yes").success();
    let refusal = place.run("keys list --json").failure(4);
    assert!(refusal.contains("insufficient_scope"), "{refusal}");
    age(&place);
    let refusal = place.run("keys list").failure(4);
    assert!(refusal.contains("ada@example.com is no administrator of"), "{refusal}");
}

#[cfg(unix)]
#[test]
fn a_login_that_others_can_read_is_not_used() {
    let server = TestServer::start();
    with_ada(&server, EVERYTHING);
    let place = signed_in(&server);
    set_mode(&place, &place.login_file(), 0o640);
    let refusal = place.run("keys list").failure(1);
    assert!(refusal.contains("others can read") && refusal.contains("chmod 600"), "{refusal}");
    set_mode(&place, &place.login_file(), 0o600);
    place.run("keys list").success();
}

#[test]
fn a_secret_in_the_environment_goes_before_a_login() {
    let server = TestServer::start();
    with_ada(&server, EVERYTHING);
    let place = signed_in(&server).with("MINTEDGE_ADMIN_SECRET", "mea_not-the-one-of-this-deployment");
    assert!(place.run("keys list").failure(4).contains("MINTEDGE_ADMIN_SECRET"));
    let login = place.start_login("--no-browser");
    visit(&answer(&server, &login.url, ADA, "allow"));
    assert!(login.end().success().contains("MINTEDGE_ADMIN_SECRET is set"));
    let place = Workplace::for_server(&server);
    assert_eq!(place.run("whoami --json").json()["sub"], "mintedge-admin");
}

#[test]
fn an_administrator_is_whose_account_it_is_and_no_namesake() {
    let server = TestServer::start();
    let office = Workplace::for_server(&server);
    let declared = format!("[[administrator]]\nuser = \"{}\"\nscopes = {EVERYTHING}\n", ADA.0);
    office.write("mintedge.toml", &declared);
    office.run("validate").success();
    let refusal = office.run("plan").failure(3);
    assert!(
        refusal.contains("there is no user `ada@example.com`") && refusal.contains("mintedge.toml:2:8"),
        "{refusal}"
    );
    with_ada(&server, EVERYTHING);
    assert_eq!(office.run("plan").success(), "No changes.\n");
    office.run(&format!("users delete {} --yes", ADA.0)).success();
    office.run_with_input(&["users", "create", ADA.0, "--password-stdin"], ADA.1).success();
    let plan = office.run("plan").success();
    assert!(plan.contains("administrator \"ada@example.com\"") && plan.contains("sub  \"usr_"), "{plan}");
    office.write("mintedge.toml", &declared.replace("mintedge:write", "mintedge:keys"));
    assert!(office.run("validate").stderr.contains("no administrator has `mintedge:write`"));
    let exported = Workplace::for_server(&server).run("export").success();
    assert!(exported.contains("[[administrator]]\nuser = \"ada@example.com\"\nsub = \"usr_"), "{exported}");
}

#[test]
fn a_login_goes_nowhere_but_where_it_was_made() {
    let server = TestServer::start();
    with_ada(&server, EVERYTHING);
    let place = signed_in(&server);
    let (asked, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counters = (Arc::clone(&asked), Arc::clone(&told));
    let impostor = TestServer::start_as_with(server.issuer(), move |_, request| {
        counters.0.fetch_add(1, Ordering::Relaxed);
        let is_empty = matches!(&request.body, Body::Bytes(body) if body.is_empty());
        if request.headers.authorization.is_some() || !is_empty {
            counters.1.fetch_add(1, Ordering::Relaxed);
        }
    });
    let address = format!("--address http://{}", impostor.address());
    for _ in 0..2 {
        assert!(place.run(&format!("keys list {address}")).failure(64).contains("mintedge login"));
        assert!(place.run(&format!("logout {address}")).success().contains("not signed in"));
        age(&place);
    }
    let place = place.without("MINTEDGE_ISSUER");
    let refusal = place.run(&format!("login --no-browser {address}")).failure(64);
    assert!(refusal.contains("if you trust it"), "{refusal}");
    assert_eq!((asked.load(Ordering::Relaxed), told.load(Ordering::Relaxed)), (5, 0));
    // Not even by moving the file there.
    let place = place.with("MINTEDGE_ISSUER", server.issuer());
    place.run("keys list").success();
    let file = place.login_file();
    let login = place.read(&file);
    let proxy = TlsProxy::before(&server);
    place.write("ca.pem", &proxy.authority);
    let through = format!("--address {} --ca-certificate ca.pem", proxy.address);
    let again = place.start_login(&format!("--no-browser {through}"));
    visit(&answer(&server, &again.url, ADA, "allow"));
    again.end().success();
    place.run(&format!("keys list {through}")).success();
    place.run("logout").success();
    assert_eq!(place.run("keys list").code, 64, "there is a login at the proxy only");
    place.write(&place.login_file(), &login);
    let refusal = place.run(&format!("keys list {through}")).failure(1);
    assert!(refusal.contains("holds no login"), "{refusal}");
}

#[test]
fn an_account_that_anybody_may_have_made_gets_no_role_by_name() {
    let server = TestServer::start();
    let office = Workplace::for_server(&server);
    office.run_with_input(&["users", "create", ADA.0, "--password-stdin"], ADA.1).success();
    let closed = format!("[[administrator]]\nuser = \"{}\"\nscopes = {EVERYTHING}\n", ADA.0);
    let open = format!("login.sign_up = \"open\"\n{closed}");
    let is_refused = |file: &str| {
        office.write("mintedge.toml", file);
        let outcome = office.run("plan");
        let is_refused = outcome.code == 3 && outcome.stderr.contains("nobody has verified");
        assert!(is_refused || outcome.code == 0, "{outcome:?}");
        is_refused
    };
    assert!(is_refused(&open) && !is_refused(&closed));
    let set = |options: &str| office.run(&format!("users set {} {options}", ADA.0)).success();
    set("--claim email_verified=true");
    assert!(!is_refused(&open));
    set("--claim email=ceo@example.org --claim email_verified=true");
    assert!(is_refused(&open) && is_refused(&closed), "another address was verified");
    // As somebody has it who signed up before sign-up was closed.
    set("--claim email=ada@example.com --claim email_verified=false");
    assert!(is_refused(&closed));
    set("--remove-claim email_verified");
    assert!(!is_refused(&closed));
    office.write("mintedge.toml", "login.sign_up = \"open\"\n");
    office.run("apply --yes").success();
    assert!(is_refused(&closed), "it is open as yet");
}

#[test]
fn a_login_without_its_tokens_is_not_said_to_have_ended() {
    let server = TestServer::start();
    with_ada(&server, EVERYTHING);
    let place = signed_in(&server);
    let mut login = stored(&place);
    login.as_object_mut().expect("an object").remove("tokens");
    place.write(&place.login_file(), &login.to_string());
    let refusal = place.run("logout").failure(1);
    assert!(refusal.contains("not ended") && refusal.contains("--local"), "{refusal}");
    let left = place.login_file().replace(".json", ".new-1");
    place.write(&left, "cut off");
    assert!(place.run("logout --local").success().contains("lives on"));
    assert!(!place.path(&left).exists());
    let place = place.with("MINTEDGE_CLIENT_ID", "ci");
    assert!(place.run("keys list").failure(64).contains("MINTEDGE_CLIENT_SECRET"));
}

#[test]
fn a_machine_without_a_browser_signs_in_by_a_code() {
    // Between two requests time passes, so that nobody polls too early.
    let server = TestServer::start_with(|world, _| world.advance(6));
    with_ada(&server, "[\"mintedge:read\"]");
    for (action, code) in [("deny", 4), ("allow", 0)] {
        let place = Workplace::for_administrator(&server);
        let mut login = place.start_login("--device");
        let typed = login.code();
        assert!(login.url.ends_with("/device") && typed.len() == 9, "{} {typed}", login.url);
        connect(&server, &login.url, &typed, ADA, action);
        let outcome = login.end();
        assert_eq!(outcome.code, code, "{outcome:?}");
        if action == "allow" {
            assert_eq!(place.run("whoami --json").json()["login"], ADA.0);
            place.run("logout").success();
        }
    }
    assert!(Workplace::for_administrator(&server).run("login --device --no-browser").code == 64);
    let lonely = TestServer::start();
    let refusal = Workplace::for_administrator(&lonely).run("login --device").failure(4);
    assert!(refusal.contains("no administrator yet"), "{refusal}");
}

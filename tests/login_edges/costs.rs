//! What the requests of a login cost in calls of objects and in rows, and what costs nothing.

use mintedge::memory::{Counts, World};
use serde_json::json;

use crate::suite::browser::{Browser, form};
use crate::suite::harness::{Fixture, Req, base_config, encode};
use crate::suite::in_memory::target;
use crate::suite::jws;
use crate::suite::login::{Login, text};
use crate::suite::token::token_exchange as exchange;

pub(crate) fn spent(world: &World, work: impl FnOnce()) -> (u64, u64) {
    let before: Counts = world.counts();
    work();
    let after = world.counts();
    assert_eq!(after.control_calls, before.control_calls, "the Control object was asked");
    assert_eq!(after.snapshot_reads, before.snapshot_reads, "KV was read");
    (after.object_calls - before.object_calls, after.object_rows_written - before.object_rows_written)
}

#[test]
fn a_warm_isolate_spends_what_the_design_allows() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "first_party": false, "serves": ["https://orders.example"] }));
    let page = login.authorize(&[]).expect(200);
    login.browser.submit(&page, &[("action", "allow")]).expect(303);
    let world = &target.world;
    let mut code = String::new();
    assert_eq!(spent(world, || code = login.code(&[])), (1, 0), "authorize with remembered consent");
    let mut tokens = json!(null);
    assert_eq!(spent(world, || tokens = login.redeem(&code).expect(200).json()), (1, 1), "code to tokens");
    let (access, first) =
        (text(&tokens, "access_token").to_owned(), text(&tokens, "refresh_token").to_owned());
    let mut next = json!(null);
    assert_eq!(spent(world, || next = login.refresh(&first, "").expect(200).json()), (1, 1), "refresh");
    assert_eq!(spent(world, || drop(login.refresh(&first, "").expect(200))), (1, 0), "a retry");
    assert_eq!(spent(world, || drop(login.userinfo(&access).expect(200))), (1, 0), "userinfo");
    for token in [access.as_str(), text(&next, "refresh_token")] {
        let request = Req::new("POST", "/introspect")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("token", token)]))
            .basic(&login.client.id, &login.client.secret);
        assert_eq!(spent(world, || assert_eq!(f.send(&request).expect(200).json()["active"], true)), (1, 0));
    }
    let api = exchange::api(&f, &json!({}));
    let swap = [("resource", "https://ledger.example")];
    exchange::exchange(&f, &api, &access, &swap).expect(200);
    assert_eq!(
        spent(world, || drop(exchange::exchange(&f, &api, &access, &swap).expect(200))),
        (1, 0),
        "exchange"
    );
    let own = f.token(&api, "&scope=orders:read");
    let narrow = [("scope", "orders:read")];
    assert_eq!(
        spent(world, || drop(exchange::exchange(&f, &api, &own, &narrow).expect(200))),
        (0, 0),
        "own token"
    );
    assert_eq!(
        spent(world, || drop(exchange::delegate(&f, &api, &access, &[("scope", "ledger:read")]).expect(200))),
        (1, 0),
        "delegation"
    );
    let request = Req::new("POST", "/revoke")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("token", &first)]))
        .basic(&login.client.id, &login.client.secret);
    assert_eq!(spent(world, || drop(f.send(&request).expect(200))), (1, 1), "revoke");
    let stranger = Browser::new(&f);
    assert_eq!(
        spent(world, || drop(stranger.authorize(&login.request(&[])).expect(200))),
        (0, 0),
        "the login page"
    );
}

#[test]
fn made_up_tokens_codes_and_cookies_cost_no_object_call_and_make_no_object() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let token = text(&login.tokens(&[]), "refresh_token").to_owned();
    let objects = target.world.objects();
    for index in (8..token.len()).step_by(7) {
        let mut forged = token.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).expect("ascii");
        if forged == token {
            continue;
        }
        let cost = spent(&target.world, || login.refresh(&forged, "").expect_error(400, "invalid_grant"));
        assert_eq!(cost, (0, 0));
        assert_eq!(spent(&target.world, || login.redeem(&forged).expect_error(400, "invalid_grant")), (0, 0));
    }
    let cookies = login.browser.cookies.borrow().clone();
    for (name, value) in cookies.iter().filter(|(name, _)| name.ends_with("session")) {
        let stranger = Browser::new(&f);
        let forged = format!("{}{}", &value[..value.len() - 1], if value.ends_with('A') { 'B' } else { 'A' });
        stranger.cookies.borrow_mut().insert(name.clone(), forged);
        assert_eq!(
            spent(&target.world, || drop(stranger.authorize(&login.request(&[])).expect(200))),
            (0, 0)
        );
    }
    assert_eq!(target.world.objects(), objects);
}

#[test]
fn the_first_client_of_an_algorithm_logs_people_in_at_once() {
    let target = target();
    let f = Fixture::new(&target);
    let plain = f.client(&json!({}));
    f.token(&plain, "");
    // From here on the isolate knows the configuration, and its keys without RS256.
    let login = Login::new(&f, &json!({}));
    let tokens = login.tokens(&[]);
    let id_token = text(&tokens, "id_token");
    assert_eq!(jws::header(id_token)["alg"], "RS256");
    assert!(jws::verifies(id_token, &f.key_set()), "the same edge publishes the key");
}

/// Two looks into the directory, the person's object for the password and for the session; a row for the session.
#[test]
fn a_login_costs_the_same_for_somebody_and_nobody_until_it_succeeds() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let stranger = Browser::new(&f);
    let page = stranger.authorize(&login.request(&[])).expect(200);
    let world = &target.world;
    let try_in = |name: &str, password: &str| spent(world, || drop(stranger.log_in(&page, name, password)));
    // The first attempts of a quarter of an hour make the alarms of their shards.
    try_in(&login.email, "a wrong password");
    try_in("nobody@example.com", "a wrong password");
    assert_eq!(try_in(&login.email, "a wrong password"), try_in("nobody@example.com", "a wrong password"));
    assert_eq!(try_in(&login.email, "a wrong password").0, 3);
}

#[test]
fn an_administrator_is_looked_at_once_per_call() {
    let target = target();
    let f = Fixture::new(&target);
    let scopes = ["openid", "profile", "email", "orders:read", "offline_access", "mintedge:users"];
    let login = Login::new(&f, &json!({ "scopes": scopes }));
    let user = f.admin("GET", &format!("users/{}", encode(&login.email)), None).expect(200).json();
    let mut config = base_config();
    config["administrator"] = json!([{ "user": user["sub"], "scopes": ["mintedge:users"] }]);
    f.apply(&config).expect(200);
    f.target.settle();
    let world = &target.world;
    let mut tokens = json!(null);
    let ask = [("scope", "offline_access mintedge:users")];
    let code = login.code(&ask);
    assert_eq!(spent(world, || tokens = login.redeem(&code).expect(200).json()), (1, 1), "code to tokens");
    let refresh = text(&tokens, "refresh_token");
    assert_eq!(spent(world, || drop(login.refresh(refresh, "").expect(200))), (1, 1), "refresh");
    let who = Req::new("GET", "/admin/v1/whoami").bearer(text(&tokens, "access_token"));
    assert_eq!(spent(world, || drop(f.send(&who).expect(200))), (1, 0), "the grant, and nothing else");
}

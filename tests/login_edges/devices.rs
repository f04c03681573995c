//! Devices (RFC 8628): what a poll costs, what time does to codes, who may be where, and what is left at rest.

use mintedge::memory::FailAt;
use serde_json::json;

use crate::costs::spent;
use crate::incarnations::isolate;
use crate::suite::device::{AT_HOME, approve, ask, begin, person, poll, television, type_code};
use crate::suite::harness::{Fixture, Req, Resp, Target as _, TestClient, encode};
use crate::suite::in_memory::target;
use crate::suite::login::text;

#[test]
fn a_poll_is_one_call_and_no_row() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let world = &target.world;
    // An address's first device in a quarter of an hour makes the alarm of its shard, too.
    begin(&f, &tv);
    let mut begun = json!(null);
    assert_eq!(
        spent(world, || begun = begin(&f, &tv)),
        (2, 3),
        "the address's count, the request and its alarm"
    );
    assert_eq!(spent(world, || poll(&f, &tv, &begun).expect_error(400, "authorization_pending")), (1, 0));
    assert_eq!(spent(world, || poll(&f, &tv, &begun).expect_error(400, "slow_down")), (1, 0));
    approve(&ada.browser, &begun);
    assert_eq!(
        spent(world, || drop(poll(&f, &tv, &begun).expect(200))),
        (2, 1),
        "the request and the person"
    );
    assert_eq!(spent(world, || poll(&f, &tv, &begun).expect_error(400, "invalid_grant")), (2, 0));
    // A client that authenticates isn't counted by address.
    let members = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let own = television(&f, &members);
    let body = format!("client_id={}&client_secret={}", own.id, own.secret);
    let request = Req::new("POST", "/device_authorization");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    f.send(&request).expect(200);
    assert_eq!(spent(world, || drop(f.send(&request).expect(200))), (1, 2));
}

#[test]
fn a_made_up_device_code_touches_no_object() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, other) = (television(&f, &json!({})), television(&f, &json!({})));
    let begun = begin(&f, &tv);
    let code = text(&begun, "device_code").to_owned();
    // The isolate gets to know the other client.
    poll(&f, &other, &begun).expect_error(400, "invalid_grant");
    let objects = target.world.objects();
    for index in (8..code.len()).step_by(5) {
        let mut forged = code.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = json!({ "device_code": String::from_utf8(forged).expect("ascii") });
        if forged["device_code"] != code {
            assert_eq!(
                spent(&target.world, || poll(&f, &tv, &forged).expect_error(400, "invalid_grant")),
                (0, 0)
            );
        }
    }
    assert_eq!(spent(&target.world, || poll(&f, &other, &begun).expect_error(400, "invalid_grant")), (0, 0));
    target.world.advance(700);
    // What the isolate knows of clients and keys has become too old as well.
    poll(&f, &tv, &begun).expect_error(400, "expired_token");
    assert_eq!(spent(&target.world, || poll(&f, &tv, &begun).expect_error(400, "expired_token")), (0, 0));
    assert_eq!(target.world.objects(), objects);
}

#[test]
fn codes_expire_and_leave_nothing_behind() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let (late, decided, unused) = (begin(&f, &tv), begin(&f, &tv), begin(&f, &tv));
    let [page, in_time] =
        [&late, &decided].map(|begun| type_code(&ada.browser, text(begun, "user_code")).expect(200));
    target.world.advance(599);
    ada.browser.submit(&in_time, &[("action", "allow")]).expect(200);
    target.world.advance(1);
    // Said at the last moment, and asked for after it.
    poll(&f, &tv, &decided).expect(200);
    poll(&f, &tv, &late).expect_error(400, "expired_token");
    for shown in
        [ada.browser.submit(&page, &[("action", "allow")]), type_code(&ada.browser, text(&late, "user_code"))]
    {
        assert!(shown.body.contains("No device waits with this code"), "{}", shown.body);
    }
    poll(&f, &tv, &late).expect_error(400, "expired_token");
    // An alarm that the platform has lost changes nothing of that.
    target.world.advance(60);
    for begun in [&late, &decided, &unused] {
        poll(&f, &tv, begun).expect_error(400, "expired_token");
    }
    let before = target.world.objects();
    pollster::block_on(target.world.ring_alarms(&target.server)).expect("rung");
    assert_eq!(target.world.objects(), before - 3);
    assert!(!target.world.at_rest().contains("\"device\""));
}

#[test]
fn neither_code_lies_at_rest_or_in_the_log() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let begun = begin(&f, &tv);
    ada.browser.get(&format!("/device?user_code={}", text(&begun, "user_code"))).expect(200);
    approve(&ada.browser, &begun);
    poll(&f, &tv, &begun).expect(200);
    let shown = format!("{} {:?}", target.world.at_rest(), target.world.log());
    let user_code = text(&begun, "user_code");
    for secret in [text(&begun, "device_code"), user_code, &user_code.replace('-', ""), AT_HOME] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_poll_that_nobody_has_answered_yet_is_no_failure_in_the_log() {
    let target = target();
    let f = Fixture::new(&target);
    let mut config = crate::suite::harness::base_config();
    config["log"] = json!({ "requests": "failures" });
    f.apply(&config).expect(200);
    target.settle();
    let tv = television(&f, &json!({}));
    let begun = begin(&f, &tv);
    let lines = target.world.log().len();
    poll(&f, &tv, &begun).expect_error(400, "authorization_pending");
    assert_eq!(target.world.log().len(), lines);
    poll(&f, &tv, &begun).expect_error(400, "slow_down");
    assert_eq!(target.world.log().len(), lines + 1);
}

#[test]
fn the_interval_rises_and_stays_risen() {
    let target = target();
    let f = Fixture::new(&target);
    let tv = television(&f, &json!({}));
    let begun = begin(&f, &tv);
    let after = |seconds: u64| {
        target.world.advance(seconds);
        poll(&f, &tv, &begun).error().1
    };
    assert_eq!(after(0), "authorization_pending");
    assert_eq!(after(5), "authorization_pending");
    assert_eq!(after(4), "authorization_pending", "clocks that count whole seconds may be one apart");
    assert_eq!(after(3), "slow_down");
    assert_eq!(after(8), "slow_down", "five seconds are not enough any more");
    assert_eq!(after(15), "authorization_pending");
    assert_eq!(after(13), "slow_down");
    assert_eq!(after(20), "authorization_pending");
    // At every edge: it is the object that counts.
    let other = isolate(&target);
    let elsewhere = Fixture::resume(&other);
    target.world.advance(18);
    poll(&elsewhere, &tv, &begun).expect_error(400, "slow_down");
}

#[test]
fn public_clients_begin_so_many_devices_from_one_address() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, other) = (television(&f, &json!({})), television(&f, &json!({})));
    for _ in 0..300 {
        begin(&f, &tv);
    }
    let objects = target.world.objects();
    for client in [&tv, &other] {
        let refused = ask(&f, client, &[]);
        refused.expect_error(429, "temporarily_unavailable");
        assert_eq!(refused.header("retry-after"), Some("60"));
    }
    assert_eq!(target.world.objects(), objects);
    begin_at(&f, &tv, "198.51.100.7", None).expect(200);
    target.world.advance(15 * 60);
    begin(&f, &tv);
}

fn begin_at(f: &Fixture<'_>, client: &TestClient, address: &str, country: Option<&str>) -> Resp {
    let mut request = Req::new("POST", "/device_authorization")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cf-connecting-ip", address)
        .body(format!("client_id={}", client.id));
    if let Some(country) = country {
        request = request.header("cf-ipcountry", country);
    }
    f.send(&request)
}

#[test]
fn the_page_says_roughly_where_the_device_is() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let from = |address: &str, country: Option<&str>, own: Option<&str>| {
        let begun = begin_at(&f, &tv, address, country).expect(200).json();
        let entry = ada.browser.get("/device").expect(200);
        let hidden = crate::suite::browser::PageForm::of(&entry.body);
        let fields = [
            ("flow", hidden.field("flow")),
            ("csrf", hidden.field("csrf")),
            ("user_code", text(&begun, "user_code")),
            ("action", "continue"),
        ];
        let mut request = Req::new("POST", "/device")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(crate::suite::browser::form(&fields));
        if let Some(own) = own {
            request = request.header("cf-ipcountry", own);
        }
        ada.browser.send(request).expect(200).body
    };
    let scam = "Did you start this yourself?";
    for (address, country, own, shown) in [
        (AT_HOME, Some("DE"), Some("DE"), "The network that you are in"),
        ("198.51.100.7", Some("DE"), Some("DE"), "Another network in your country (DE)"),
        ("198.51.100.7", Some("BR"), Some("DE"), "Another country than yours: BR"),
        ("198.51.100.7", Some("BR"), None, "Another network than yours, in BR"),
        ("198.51.100.7", None, Some("DE"), "Another network than yours"),
        ("198.51.100.7", Some("XX"), Some("DE"), "Another network than yours"),
        ("198.51.100.7", Some("<b>"), Some("DE"), "Another network than yours"),
    ] {
        let page = from(address, country, own);
        assert!(page.contains(&format!("<dd>{shown}</dd>")) && page.contains(scam), "{shown}: {page}");
        assert_eq!(page.contains("role=\"alert\""), shown.contains("Another country"), "{shown}");
    }
}

#[test]
fn a_client_may_be_for_devices_in_ones_own_network_only() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({ "device": { "same_network": true } })), person(&f));
    let begun = begin_at(&f, &tv, "198.51.100.7", None).expect(200).json();
    let page = type_code(&ada.browser, text(&begun, "user_code")).expect(200);
    assert!(
        page.body.contains("only from the network that they are in") && !page.body.contains("id=\"allow\"")
    );
    let refused = ada.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(refused.body.contains("only from the network that they are in"), "{}", refused.body);
    poll(&f, &tv, &begun).expect_error(400, "authorization_pending");
    ada.browser.address.replace("198.51.100.7".to_owned());
    let page = ada.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(page.body.contains("Device allowed"), "{}", page.body);
    poll(&f, &tv, &begun).expect(200);
}

#[test]
fn homes_side_by_side_are_not_one_network() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({ "device": { "same_network": true } })), person(&f));
    let begun = begin_at(&f, &tv, "2001:db8:1:2::7", None).expect(200).json();
    let code = text(&begun, "user_code");
    for neighbor in ["2001:db8:1:3::7", "2001:db8:1:103::7", "2001:db8:2:2::7"] {
        ada.browser.address.replace(neighbor.to_owned());
        let page = type_code(&ada.browser, code).expect(200);
        assert!(page.body.contains("only from the network that they are in"), "{neighbor}");
    }
    ada.browser.address.replace("2001:db8:1:2:3:4:5:6".to_owned());
    approve(&ada.browser, &begun);
}

#[test]
fn what_was_removed_stays_removed_for_as_long_as_an_approval_lives() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, other) = (television(&f, &json!({})), television(&f, &json!({})));
    let ada = person(&f);
    let begun = begin(&f, &tv);
    approve(&ada.browser, &begun);
    let remove = |client: &TestClient| {
        let account = ada.browser.get("/account").expect(200);
        ada.browser.submit(&account, &[("action", "revoke_app"), ("client", &client.id)]).expect(200);
    };
    remove(&tv);
    target.world.advance(400);
    remove(&other);
    pollster::block_on(target.world.ring_alarms(&target.server)).expect("rung");
    poll(&f, &tv, &begun).expect_error(400, "invalid_grant");
}

#[test]
fn who_says_yes_twice_is_told_the_same_twice() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let begun = begin(&f, &tv);
    let page = type_code(&ada.browser, text(&begun, "user_code")).expect(200);
    target.world.fail_object_after(1, FailAt::AfterCommit);
    ada.browser.submit(&page, &[("action", "allow")]).expect(503);
    for _ in 0..2 {
        let done = ada.browser.submit(&page, &[("action", "allow")]).expect(200);
        assert!(done.body.contains("Device allowed"), "{}", done.body);
    }
    let late = ada.browser.submit(&page, &[("action", "deny")]).expect(200);
    assert!(late.body.contains("No device waits with this code"), "{}", late.body);
    poll(&f, &tv, &begun).expect(200);
}

#[test]
fn administration_takes_a_login_of_a_moment_ago() {
    let target = target();
    let f = Fixture::new(&target);
    let command = TestClient { id: "mintedge-cli".to_owned(), secret: String::new() };
    let asked = [("scope", "mintedge:read")];
    ask(&f, &command, &asked).expect_error(400, "unauthorized_client");
    let ada = person(&f);
    let user = f.admin("GET", &format!("users/{}", encode(&ada.email)), None).expect(200).json();
    let mut config = crate::suite::harness::base_config();
    config["administrator"] =
        json!([{ "user": ada.email, "sub": text(&user, "sub"), "scopes": ["mintedge:read"] }]);
    f.apply(&config).expect(200);
    target.settle();
    target.world.advance(240);
    let waiting = ask(&f, &command, &asked).expect(200).json();
    let page = type_code(&ada.browser, text(&waiting, "user_code")).expect(200);
    assert!(page.body.contains("id=\"allow\""), "{}", page.body);
    target.world.advance(60);
    // The page was open for too long, or the code came too late: both lead to signing in, and then to typing the code.
    let sign_in = ada.browser.submit(&page, &[("action", "allow")]).expect(200);
    assert!(sign_in.body.contains("name=\"password\""), "{}", sign_in.body);
    let sign_in = type_code(&ada.browser, text(&waiting, "user_code")).expect(200);
    assert!(sign_in.body.contains("name=\"password\""), "{}", sign_in.body);
    poll(&f, &command, &waiting).expect_error(400, "authorization_pending");
    let done = ada.browser.log_in(&sign_in, &ada.email, crate::suite::browser::PASSWORD).expect(303);
    assert_eq!(done.header("location"), Some(format!("{}/device", f.target.issuer()).as_str()));
    approve(&ada.browser, &waiting);
    assert_eq!(poll(&f, &command, &waiting).expect(200).json()["scope"], "mintedge:read");
}

#[test]
fn the_command_gets_no_device_code_where_that_is_switched_off_and_a_new_administrator_has_a_line_in_the_log()
{
    let target = target();
    let f = Fixture::new(&target);
    let ada = person(&f);
    let user = f.admin("GET", &format!("users/{}", encode(&ada.email)), None).expect(200).json();
    let mut config = crate::suite::harness::base_config();
    let lines = || {
        target.world.log().iter().filter(|line| line.contains("\"event\":\"administrators_changed\"")).count()
    };
    config["log"] = json!({ "requests": "failures" });
    f.apply(&config).expect(200);
    let before = lines();
    config["administrator"] =
        json!([{ "user": ada.email, "sub": text(&user, "sub"), "scopes": ["mintedge:read"] }]);
    f.apply(&config).expect(200);
    assert_eq!(lines(), before + 1, "whatever else the log leaves out");
    config["login"]["administrators_by_device"] = json!(false);
    f.apply(&config).expect(200);
    assert_eq!(lines(), before + 1, "something else changed");
    target.settle();
    let command = TestClient { id: "mintedge-cli".to_owned(), secret: String::new() };
    ask(&f, &command, &[("scope", "mintedge:read")]).expect_error(400, "unauthorized_client");
    let metadata = f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).json();
    assert_eq!(metadata.get("device_authorization_endpoint"), None);
    config["administrator"] = json!([]);
    f.apply(&config).expect(200);
    assert_eq!(lines(), before + 2);
}

#[test]
fn new_accounts_guess_together_and_an_older_one_by_itself() {
    let target = target();
    let f = Fixture::new(&target);
    let tv = television(&f, &json!({}));
    let guess = |login: &crate::suite::login::Login<'_>| {
        type_code(&login.browser, "BBBB-BBBB").expect(200).body.contains("Too many wrong codes")
    };
    let old = person(&f);
    target.world.advance(24 * 3600);
    let f = Fixture::resume(&target);
    // The first code of each is free: nine more of five accounts, and five of a sixth, fill the network.
    let crowd: Vec<_> = (0..7).map(|_| person(&f)).collect();
    let refused = crowd.iter().map(|one| (0..10).filter(|_| guess(one)).count()).collect::<Vec<_>>();
    assert_eq!(refused, [0, 0, 0, 0, 0, 4, 9]);
    // Somebody honest is held up by nobody: not the old account, and not a new one with the right code.
    assert!((0..10).all(|_| !guess(&old)) && guess(&old));
    let honest = person(&f);
    let begun = begin(&f, &tv);
    approve(&honest.browser, &begun);
    poll(&f, &tv, &begun).expect(200);
}

#[test]
fn an_answer_that_was_lost_revokes_nothing() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let begun = begin(&f, &tv);
    approve(&ada.browser, &begun);
    target.world.fail_object_after(1, FailAt::AfterCommit);
    poll(&f, &tv, &begun).expect_error(503, "temporarily_unavailable");
    target.world.advance(60);
    poll(&f, &tv, &begun).expect_error(400, "invalid_grant");
    // One that failed before anything was written is made up for.
    for (calls, at) in [(0, FailAt::BeforeCommit), (0, FailAt::AfterCommit), (1, FailAt::BeforeCommit)] {
        let begun = begin(&f, &tv);
        approve(&ada.browser, &begun);
        target.world.fail_object_after(calls, at);
        poll(&f, &tv, &begun).expect_error(503, "temporarily_unavailable");
        let tokens = poll(&f, &tv, &begun).expect(200).json();
        target.world.advance(60);
        poll(&f, &tv, &begun).expect_error(400, "invalid_grant");
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={}",
            tv.id,
            text(&tokens, "refresh_token")
        );
        f.send(&Req::token(&form)).expect(200);
    }
}

#[test]
fn a_new_password_takes_an_approval_along() {
    let target = target();
    let f = Fixture::new(&target);
    let (tv, ada) = (television(&f, &json!({})), person(&f));
    let begun = begin(&f, &tv);
    approve(&ada.browser, &begun);
    let account = ada.browser.get("/account").expect(200);
    let new = "another horse battery staple";
    let fields = [
        ("current_password", crate::suite::browser::PASSWORD),
        ("password", new),
        ("password_again", new),
        ("action", "change_password"),
    ];
    let done = ada.browser.submit(&account, &fields).expect(200);
    assert!(done.body.contains("banner good"), "{}", done.body);
    poll(&f, &tv, &begun).expect_error(400, "invalid_grant");
}

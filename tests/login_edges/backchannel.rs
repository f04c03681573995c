//! Asking people through the backchannel (CIBA): what it costs, what time does to it, telling clients, and what is left at rest.

use mintedge::memory::FailAt;
use serde_json::{Value, json};

use crate::costs::spent;
use crate::incarnations::isolate;
use crate::sign_outs::ring;
use crate::suite::browser::PASSWORD;
use crate::suite::ciba::{WHERE, agent, answer, approve, ask, begin, person, poll};
use crate::suite::harness::{Fixture, Target as _, TestClient, base_config};
use crate::suite::in_memory::target;
use crate::suite::login::{Login, claims, text};

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// A client that is told of decisions.
fn told(f: &Fixture<'_>) -> TestClient {
    agent(
        f,
        &json!({
            "backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": WHERE,
        }),
    )
}

fn begin_told(f: &Fixture<'_>, client: &TestClient, person: &Login<'_>) -> Value {
    ask(f, client, &person.email, &[("client_notification_token", TOKEN)]).expect(200).json()
}

#[test]
fn a_poll_is_one_call_and_no_row() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    let world = &target.world;
    let mut begun = json!(null);
    // A person's first session has set the alarm of their object; the isolate gets to know the client.
    begin(&f, &agent, &ada);
    approve(&ada.browser);
    world.advance(1);
    assert_eq!(
        spent(world, || begun = begin(&f, &agent, &ada)),
        (4, 4),
        "the client's bucket, the directory, the person's object, the transaction and its alarm"
    );
    assert_eq!(spent(world, || poll(&f, &agent, &begun).expect_error(400, "authorization_pending")), (1, 0));
    assert_eq!(spent(world, || poll(&f, &agent, &begun).expect_error(400, "slow_down")), (1, 0));
    approve(&ada.browser);
    assert_eq!(
        spent(world, || drop(poll(&f, &agent, &begun).expect(200))),
        (2, 1),
        "the transaction and the person"
    );
    assert_eq!(spent(world, || poll(&f, &agent, &begun).expect_error(400, "invalid_grant")), (2, 0));
    // Who asks too often makes nothing.
    for _ in 0..3 {
        begin(&f, &agent, &ada);
    }
    let objects = world.objects();
    let refused = || ask(&f, &agent, &ada.email, &[]).expect_error(429, "temporarily_unavailable");
    assert_eq!(spent(world, refused), (3, 1), "the client's bucket counts it");
    assert_eq!(world.objects(), objects);
}

#[test]
fn a_made_up_auth_req_id_touches_no_object() {
    let target = target();
    let f = Fixture::new(&target);
    let (client, other, ada) = (agent(&f, &json!({})), agent(&f, &json!({})), person(&f));
    let begun = begin(&f, &client, &ada);
    let id = text(&begun, "auth_req_id").to_owned();
    // The isolate gets to know the other client.
    poll(&f, &other, &begun).expect_error(400, "invalid_grant");
    let objects = target.world.objects();
    for index in (8..id.len()).step_by(5) {
        let mut forged = id.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = json!({ "auth_req_id": String::from_utf8(forged).expect("ascii") });
        assert_eq!(
            spent(&target.world, || poll(&f, &client, &forged).expect_error(400, "invalid_grant")),
            (0, 0)
        );
    }
    assert_eq!(spent(&target.world, || poll(&f, &other, &begun).expect_error(400, "invalid_grant")), (0, 0));
    target.world.advance(700);
    // What the isolate knows of clients and keys has become too old as well.
    poll(&f, &client, &begun).expect_error(400, "expired_token");
    let expired = || poll(&f, &client, &begun).expect_error(400, "expired_token");
    assert_eq!(spent(&target.world, expired), (0, 0));
    assert_eq!(target.world.objects(), objects);
}

#[test]
fn requests_expire_and_leave_nothing_behind() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    let at_first = target.world.objects();
    let late = begin(&f, &agent, &ada);
    let decided = ask(&f, &agent, &ada.email, &[("binding_message", "the second")]).expect(200).json();
    let nobody = ask(&f, &agent, "nobody@example.com", &[]).expect(200).json();
    // On the page both are there; what was asked in the same second has no order.
    target.world.advance(599);
    let page = ada.browser.get("/account").expect(200);
    let (first, second) = page.body.split_once("the second").expect("the second request");
    let part = if second.contains("name=\"request\"") { second } else { first };
    let id = part.split("name=\"request\" value=\"").nth(1).expect("an id").split('"').next().expect("an id");
    let shown = crate::suite::browser::PageForm::of(&page.body);
    let fields = |id: &str| {
        crate::suite::browser::form(&[
            ("flow", shown.field("flow")),
            ("csrf", shown.field("csrf")),
            ("request", id),
            ("action", "allow_request"),
        ])
    };
    let done = ada.browser.post("/account", &fields(id)).expect(200);
    assert!(done.body.contains("Allowed."), "{}", done.body);
    let other = ada.browser.get("/account").expect(200);
    let open = crate::suite::browser::PageForm::of(&other.body).field("request").to_owned();
    target.world.advance(1);
    // Said at the last moment, and asked for after it.
    let answers = [poll(&f, &agent, &late), poll(&f, &agent, &decided)].map(|answer| answer.status);
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    let shown = ada.browser.get("/account").expect(200);
    assert!(!shown.body.contains("Waiting for your answer"), "{}", shown.body);
    let too_late = ada.browser.post("/account", &fields(&open)).expect(200);
    assert!(too_late.body.contains("That request is over"), "{}", too_late.body);
    poll(&f, &agent, &nobody).expect_error(400, "expired_token");
    // An alarm that the platform has lost changes nothing of that.
    target.world.advance(60);
    for begun in [&late, &decided, &nobody] {
        poll(&f, &agent, begun).expect_error(400, "expired_token");
    }
    assert_eq!(
        target.world.objects(),
        at_first + 5,
        "three transactions, the object of nobody, the client's count"
    );
    ring(&target);
    target.world.advance(86_400);
    ring(&target);
    assert!(target.world.objects() <= at_first, "nothing of it is left");
    let left = target.world.at_rest();
    assert!(!left.contains("\"device\"") && !left.contains("asked/") && !left.contains("ping/"), "{left}");
}

#[test]
fn a_client_is_told_of_a_decision_until_it_takes_it() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (told(&f), person(&f));
    let begun = begin_told(&f, &agent, &ada);
    target.world.set_post_status(500);
    ring(&target);
    assert!(target.world.posts().is_empty(), "nothing is decided");
    approve(&ada.browser);
    assert!(target.world.posts().is_empty(), "the answer must not wait for clients");
    ring(&target);
    assert_eq!(target.world.posts().len(), 1);
    ring(&target);
    assert_eq!(target.world.posts().len(), 1, "not before it is due again");
    target.world.advance(5);
    target.world.set_post_status(204);
    ring(&target);
    target.world.advance(86_400);
    ring(&target);
    assert_eq!(target.world.posts().len(), 2, "delivered once");
    let id = text(&begun, "auth_req_id");
    let sent = (WHERE.to_owned(), format!("Bearer {TOKEN}\n{{\"auth_req_id\":\"{id}\"}}"));
    assert_eq!(target.world.posts(), vec![sent.clone(), sent]);
}

#[test]
fn a_client_that_was_told_fetches_its_tokens_and_learns_of_a_no() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (told(&f), person(&f));
    for (action, status) in [("allow_request", 200), ("deny_request", 400)] {
        let begun = begin_told(&f, &agent, &ada);
        // In ping mode a client may ask by itself, too.
        poll(&f, &agent, &begun).expect_error(400, "authorization_pending");
        answer(&ada.browser, action, &[]).expect(200);
        ring(&target);
        assert!(target.world.posts().last().expect("a post").1.contains(text(&begun, "auth_req_id")));
        assert_eq!(poll(&f, &agent, &begun).status, status);
    }
    assert_eq!(target.world.posts().len(), 2);
}

#[test]
fn a_client_that_never_answers_is_given_up_and_one_that_has_ended_is_not_told() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (told(&f), person(&f));
    target.world.set_post_status(0);
    begin_told(&f, &agent, &ada);
    approve(&ada.browser);
    for _ in 0..20 {
        ring(&target);
        target.world.advance(60);
    }
    assert_eq!(target.world.posts().len(), 4);
    let f = Fixture::resume(&target);
    begin_told(&f, &agent, &ada);
    approve(&ada.browser);
    f.admin("POST", &format!("clients/{}/revoke", agent.id), None).expect(200);
    target.settle();
    ring(&target);
    assert_eq!(target.world.posts().len(), 4);
}

#[test]
fn no_secret_lies_at_rest_or_in_the_log() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (told(&f), person(&f));
    target.world.set_post_status(500);
    let begun = begin_told(&f, &agent, &ada);
    let waiting = target.world.at_rest();
    approve(&ada.browser);
    ring(&target);
    let decided = target.world.at_rest();
    poll(&f, &agent, &begun).expect(200);
    let export = f.admin("GET", &format!("users/{}/export", ada.email.replace('@', "%40")), None).expect(200);
    let shown = format!("{waiting} {decided} {} {:?}", target.world.at_rest(), target.world.log());
    assert!(waiting.contains("meh_") && decided.contains("ping/"));
    assert!(export.body.contains("asked/") && !export.body.contains("meh_"), "{}", export.body);
    for secret in [text(&begun, "auth_req_id"), TOKEN] {
        assert!(!shown.contains(secret) && !export.body.contains(secret), "{secret}");
    }
}

#[test]
fn five_requests_in_a_quarter_of_an_hour_are_enough_and_then_it_begins_anew() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({ "ciba": { "lifetime": 60 } })), person(&f));
    for name in [ada.email.as_str(), "nobody@example.com"] {
        for _ in 0..5 {
            ask(&f, &agent, name, &[]).expect(200);
            target.world.advance(61);
        }
        // None is open any more.
        ask(&f, &agent, name, &[]).expect_error(429, "temporarily_unavailable");
        target.world.advance(15 * 60 - 5 * 61 - 1);
        ask(&f, &agent, name, &[]).expect_error(429, "temporarily_unavailable");
        target.world.advance(1);
        ask(&f, &agent, name, &[]).expect(200);
    }
}

#[test]
fn the_rows_of_requests_are_bounded() {
    let target = target();
    let f = Fixture::new(&target);
    let agents: Vec<_> = (0..12).map(|_| agent(&f, &json!({ "ciba": { "lifetime": 60 } }))).collect();
    target.settle();
    let ada = person(&f);
    let mut asked = 0;
    for _ in 0..5 {
        for agent in &agents {
            asked += usize::from(ask(&f, agent, &ada.email, &[]).status == 200);
        }
        target.world.advance(61);
    }
    assert_eq!(asked, 50);
    assert_eq!(target.world.at_rest().matches("asked/").count(), 50);
    target.world.advance(15 * 60);
    let f = Fixture::resume(&target);
    begin(&f, &agents[0], &ada);
    assert_eq!(target.world.at_rest().matches("asked/").count(), 1, "a new one sweeps the old ones");
}

#[test]
fn the_interval_rises_and_stays_risen() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    let begun = begin(&f, &agent, &ada);
    let after = |seconds: u64| {
        target.world.advance(seconds);
        poll(&f, &agent, &begun).error().1
    };
    assert_eq!(after(0), "authorization_pending");
    assert_eq!(after(5), "authorization_pending");
    assert_eq!(after(3), "slow_down");
    assert_eq!(after(8), "slow_down", "five seconds are not enough any more");
    assert_eq!(after(15), "authorization_pending");
    // At every edge: it is the object that counts.
    let other = isolate(&target);
    let elsewhere = Fixture::resume(&other);
    target.world.advance(13);
    poll(&elsewhere, &agent, &begun).expect_error(400, "slow_down");
}

#[test]
fn a_login_grows_too_old_and_the_password_makes_it_new() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({ "ciba": { "max_age": 900 } })), person(&f));
    target.world.advance(899);
    let f = Fixture::resume(&target);
    begin(&f, &agent, &ada);
    approve(&ada.browser);
    target.world.advance(1);
    let begun = begin(&f, &agent, &ada);
    let refused = answer(&ada.browser, "allow_request", &[]).expect(200);
    assert!(refused.body.contains("To allow it, type your password"), "{}", refused.body);
    target.world.advance(10);
    answer(&ada.browser, "allow_request", &[("request_password", PASSWORD)]).expect(200);
    let tokens = poll(&f, &agent, &begun).expect(200).json();
    let id = claims(text(&tokens, "id_token"));
    assert_eq!(id["auth_time"], id["iat"], "it is the time of the password");
    // Guesses are counted as on the login page.
    begin(&f, &agent, &ada);
    let guess = || answer(&ada.browser, "allow_request", &[("request_password", "not it")]).expect(200).body;
    let too_many = (0..11).filter(|_| guess().contains("Too many attempts")).count();
    assert!(too_many >= 1, "{too_many}");
    answer(&ada.browser, "deny_request", &[]).expect(200);
}

#[test]
fn an_answer_that_was_lost_revokes_nothing_and_is_given_again() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (told(&f), person(&f));
    // The page's own look-ups are the session, the request and the session again; then come both objects of the decision.
    for (calls, at) in [(3, FailAt::BeforeCommit), (3, FailAt::AfterCommit), (4, FailAt::BeforeCommit)] {
        let begun = begin_told(&f, &agent, &ada);
        let page = ada.browser.get("/account").expect(200);
        target.world.fail_object_after(calls, at);
        assert_eq!(ada.browser.submit(&page, &[("action", "allow_request")]).status, 503, "{calls} {at:?}");
        // Whatever was written, the same answer once more finishes it, and the client is told.
        ada.browser.submit(&page, &[("action", "allow_request")]).expect(200);
        ring(&target);
        assert!(target.world.posts().last().expect("a post").1.contains(text(&begun, "auth_req_id")));
        poll(&f, &agent, &begun).expect(200);
        poll(&f, &agent, &begun).expect_error(400, "invalid_grant");
        let page = ada.browser.get("/account").expect(200);
        assert!(!page.body.contains("Waiting for your answer"), "{}", page.body);
        target.world.advance(900);
    }
}

#[test]
fn a_new_password_takes_an_approval_along() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    let begun = begin(&f, &agent, &ada);
    approve(&ada.browser);
    let account = ada.browser.get("/account").expect(200);
    let new = "another horse battery staple";
    let fields = [
        ("current_password", PASSWORD),
        ("password", new),
        ("password_again", new),
        ("action", "change_password"),
    ];
    let done = ada.browser.submit(&account, &fields).expect(200);
    assert!(done.body.contains("banner good"), "{}", done.body);
    poll(&f, &agent, &begun).expect_error(400, "invalid_grant");
}

#[test]
fn nobody_permits_what_the_page_cannot_list() {
    let target = target();
    let f = Fixture::new(&target);
    let mut config = base_config();
    let scopes = config["resource"][0]["scopes"].as_array_mut().expect("scopes");
    scopes.push(json!("orders:refund"));
    f.apply(&config).expect(200);
    target.settle();
    let agent = agent(&f, &json!({ "scopes": ["openid", "orders:read", "orders:refund"] }));
    let ada = person(&f);
    let begun = ask(&f, &agent, &ada.email, &[("scope", "openid orders:refund")]).expect(200).json();
    assert!(ada.browser.get("/account").expect(200).body.contains("Waiting for your answer"));
    // An edge that knows an older configuration can't say what that scope is.
    f.apply(&base_config()).expect(200);
    target.settle();
    let page = ada.browser.get("/account").expect(200);
    assert!(!page.body.contains("Waiting for your answer"), "{}", page.body);
    poll(&f, &agent, &begun).expect_error(400, "authorization_pending");
}

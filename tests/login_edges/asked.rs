//! Asking people through the backchannel (CIBA) where it goes wrong or is overdone: tokens of others as hints, stale edges, objects
//! that fail in between, and pages that nobody looks at.

use mintedge::memory::FailAt;
use serde_json::{Value, json};

use crate::incarnations::isolate;
use crate::suite::ciba::{GRANT, agent, approve, ask, begin, person, poll};
use crate::suite::foreign::{Key, changed};
use crate::suite::harness::{Fixture, Resp, Target as _, TestClient, base_config};
use crate::suite::in_memory::{InMemory, target};
use crate::suite::login::{Login, claims, text};

const DESK: &str = "https://desk.example";

/// A help desk whose tokens name people to some clients.
struct Desk<'a> {
    f: &'a Fixture<'a>,
    target: &'a InMemory,
    key: Key,
    agent: TestClient,
    ada: Login<'a>,
}

impl<'a> Desk<'a> {
    fn new(f: &'a Fixture<'a>, target: &'a InMemory, hint: &Value) -> Self {
        let key = Key::ed(1);
        let agent = agent(f, &json!({}));
        let hint = changed(&json!({ "claim": "email", "clients": [agent.id] }), hint);
        let mut config = base_config();
        config["trusted_issuer"] = json!([{
            "id": "desk", "kind": "oidc", "issuer": DESK, "jwks": { "keys": [key.jwk("k1")] }, "login_hint": hint,
        }]);
        f.apply(&config).expect(200);
        target.settle();
        Self { f, target, key, agent, ada: person(f) }
    }

    /// A token that names Ada, with a `jti` of its own.
    fn token(&self, changes: &Value) -> String {
        let now = self.target.world.now().0;
        let usual = json!({
            "iss": DESK, "aud": self.target.issuer(), "sub": "ticket 12", "iat": now, "exp": now + 120,
            "jti": self.f.unique("hint"), "email": self.ada.email,
        });
        self.key.token("k1", &changed(&usual, changes))
    }

    fn ask(&self, token: &str) -> Resp {
        self.ask_as(&self.agent, token)
    }

    fn ask_as(&self, client: &TestClient, token: &str) -> Resp {
        ask(self.f, client, "", &[("login_hint", ""), ("login_hint_token", token)])
    }

    fn cause(&self) -> String {
        let log = self.target.world.log();
        let line = log.iter().rev().find(|line| line.contains("bc_authorize")).expect("a line");
        serde_json::from_str::<Value>(line).expect("JSON")["cause"].as_str().unwrap_or("none").to_owned()
    }

    #[track_caller]
    fn assert_refused(&self, token: &str, error: &str, cause: &str) {
        self.ask(token).expect_error(400, error);
        assert_eq!(self.cause(), cause);
    }
}

#[test]
fn a_token_of_a_trusted_issuer_says_whom_to_ask_and_counts_once() {
    let target = target();
    let f = Fixture::new(&target);
    let desk = Desk::new(&f, &target, &json!({}));
    let token = desk.token(&json!({ "email": desk.ada.email.to_uppercase(), "email_verified": true }));
    let begun = desk.ask(&token).expect(200).json();
    approve(&desk.ada.browser);
    let tokens = poll(&f, &desk.agent, &begun).expect(200).json();
    assert_eq!(claims(text(&tokens, "id_token"))["email"], desk.ada.email.as_str());
    desk.assert_refused(&token, "invalid_request", "assertion_used");
    // A request that is refused burns nothing.
    let token = desk.token(&json!({}));
    let refused = ask(
        &f,
        &desk.agent,
        "",
        &[("login_hint", ""), ("login_hint_token", &token), ("binding_message", "a\nb")],
    );
    refused.expect_error(400, "invalid_binding_message");
    desk.ask(&token).expect(200);
}

#[test]
fn a_hint_token_that_is_wrong_in_any_way_asks_nobody() {
    let target = target();
    let f = Fixture::new(&target);
    let desk = Desk::new(&f, &target, &json!({}));
    let now = target.world.now().0;
    for (changes, error, cause) in [
        (json!({ "iss": "https://other.example" }), "invalid_request", "issuer_unknown"),
        (json!({ "aud": "https://other.example" }), "invalid_request", "assertion_audience"),
        (json!({ "iat": now - 300, "exp": now - 100 }), "expired_login_hint_token", "assertion_expired"),
        (json!({ "iat": now - 900, "exp": now + 100 }), "expired_login_hint_token", "assertion_too_old"),
        (json!({ "email": null }), "invalid_request", "hint_token"),
        (json!({ "email": "" }), "invalid_request", "hint_token"),
        (json!({ "email": ["a@example.com"] }), "invalid_request", "hint_token"),
        (json!({ "email_verified": false }), "invalid_request", "hint_token"),
        (json!({ "email_verified": "false" }), "invalid_request", "hint_token"),
        (json!({ "jti": null }), "invalid_request", "assertion_id_missing"),
        (json!({ "email": "nobody@example.com" }), "unknown_user_id", "hint_unknown"),
    ] {
        desk.assert_refused(&desk.token(&changes), error, cause);
    }
    let forged = Key::ed(2).token(
        "k1",
        &json!({ "iss": DESK, "aud": target.issuer(), "sub": "s", "iat": now,
        "exp": now + 60, "jti": "x", "email": desk.ada.email }),
    );
    desk.assert_refused(&forged, "invalid_request", "assertion_signature");
    let typed = desk.key.token_with(
        &json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k1" }),
        &json!({
        "iss": DESK, "aud": target.issuer(), "sub": "s", "iat": now, "exp": now + 60, "jti": "y",
        "email": desk.ada.email }),
    );
    desk.assert_refused(&typed, "invalid_request", "hint_token");
    // A client that the configuration doesn't name learns nothing by a good one, and doesn't use it up.
    let token = desk.token(&json!({}));
    desk.ask_as(&agent(&f, &json!({})), &token).expect_error(400, "invalid_request");
    assert!(!desk.ada.browser.get("/account").expect(200).body.contains("Waiting for your answer"));
    desk.ask(&token).expect(200);
}

#[test]
fn a_hint_token_may_name_a_person_by_sub_in_a_claim_of_any_name() {
    let target = target();
    let f = Fixture::new(&target);
    let hint = json!({ "claim": "/customer/account", "identifier": "sub" });
    let desk = Desk::new(&f, &target, &hint);
    let sub = claims(text(&desk.ada.tokens(&[]), "id_token"))["sub"].clone();
    desk.ask(&desk.token(&json!({ "customer": { "account": sub } }))).expect(200);
    approve(&desk.ada.browser);
    let token = desk.token(&json!({ "customer": { "account": desk.ada.email } }));
    desk.assert_refused(&token, "unknown_user_id", "hint_unknown");
    let gone = desk.token(&json!({ "customer": { "account": "usr_AAAAAAAAAAAAAAAAAAAAAA" } }));
    desk.assert_refused(&gone, "unknown_user_id", "hint_unknown");
}

#[test]
fn an_edge_that_knows_nothing_new_yet_polls_for_a_client_of_a_moment_ago() {
    let target = target();
    let f = Fixture::new(&target);
    let ada = person(&f);
    target.world.set_edge_lag(30);
    let other = isolate(&target);
    let elsewhere = Fixture::resume(&other);
    let agent = agent(&f, &json!({}));
    let begun = begin(&f, &agent, &ada);
    poll(&elsewhere, &agent, &begun).expect_error(400, "authorization_pending");
    approve(&ada.browser);
    // What this edge doesn't know yet goes on; what was ended is refused within a minute.
    let waiting = begin(&f, &agent, &ada);
    poll(&elsewhere, &agent, &begun).expect(200);
    f.admin("POST", &format!("clients/{}/revoke", agent.id), None).expect(200);
    approve_or_find_nothing(&ada);
    target.world.publish().expect("published");
    target.world.advance(60);
    poll(&elsewhere, &agent, &waiting).expect_error(400, "invalid_grant");
}

fn approve_or_find_nothing(ada: &Login<'_>) {
    let page = ada.browser.get("/account").expect(200);
    if page.body.contains("Waiting for your answer") {
        ada.browser.submit(&page, &[("action", "allow_request")]).expect(200);
    }
}

#[test]
fn a_request_whose_transaction_could_not_begin_is_not_left_on_the_page() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    begin(&f, &agent, &ada);
    approve(&ada.browser);
    // The calls are the client's bucket, the directory, the person's object and the transaction's.
    for (calls, at) in [(2, FailAt::AfterCommit), (3, FailAt::BeforeCommit), (3, FailAt::AfterCommit)] {
        target.world.fail_object_after(calls, at);
        assert_eq!(ask(&f, &agent, &ada.email, &[]).status, 503, "{calls} {at:?}");
        let page = ada.browser.get("/account").expect(200);
        assert!(!page.body.contains("Waiting for your answer"), "{calls} {at:?}: {}", page.body);
    }
    // They count for nothing either.
    begin(&f, &agent, &ada);
}

#[test]
fn a_yes_that_was_taken_back_is_not_redeemed_even_if_the_transaction_never_learned_of_it() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    let begun = begin(&f, &agent, &ada);
    approve(&ada.browser);
    let page = ada.browser.get("/account").expect(200);
    // The session's look-up and the person's object come first.
    target.world.fail_object_after(2, FailAt::BeforeCommit);
    assert_eq!(ada.browser.submit(&page, &[("action", "withdraw_request")]).status, 503);
    poll(&f, &agent, &begun).expect_error(400, "invalid_grant");
}

#[test]
fn a_no_counts_for_a_minute_and_a_second_one_for_as_long_as_requests_count() {
    let target = target();
    let f = Fixture::new(&target);
    let (agent, ada) = (agent(&f, &json!({})), person(&f));
    let deny = || {
        let page = ada.browser.get("/account").expect(200);
        ada.browser.submit(&page, &[("action", "deny_request")]).expect(200);
    };
    begin(&f, &agent, &ada);
    deny();
    target.world.advance(59);
    ask(&f, &agent, &ada.email, &[]).expect_error(429, "temporarily_unavailable");
    target.world.advance(1);
    begin(&f, &agent, &ada);
    deny();
    target.world.advance(60);
    ask(&f, &agent, &ada.email, &[]).expect_error(429, "temporarily_unavailable");
    target.world.advance(15 * 60 - 60);
    begin(&f, &agent, &ada);
}

#[test]
fn requests_of_all_people_together_begin_anew_after_an_hour() {
    let target = target();
    let f = Fixture::new(&target);
    let agent = agent(&f, &json!({ "ciba": { "hourly_limit": 1 } }));
    ask(&f, &agent, "one@example.com", &[]).expect(200);
    target.world.advance(3599);
    ask(&f, &agent, "two@example.com", &[]).expect_error(429, "temporarily_unavailable");
    target.world.advance(1);
    ask(&f, &agent, "two@example.com", &[]).expect(200);
}

#[test]
fn a_page_that_looks_by_itself_keeps_nobody_signed_in() {
    let target = target();
    let f = Fixture::new(&target);
    agent(&f, &json!({}));
    let (left, here) = (person(&f), person(&f));
    // A session ends three days after its last use.
    for _ in 0..14 {
        target.world.advance(6 * 3600);
        left.browser.get("/account?watch=1");
        here.browser.get("/account").expect(200);
    }
    assert_eq!(left.browser.get("/account?watch=1").status, 303, "the session has ended");
    here.browser.get("/account").expect(200);
}

#[test]
fn a_grant_without_refresh_tokens_lasts_no_longer_than_its_access_token_or_its_code() {
    let target = target();
    let f = Fixture::new(&target);
    let ada = person(&f);
    let cases = [(json!([GRANT]), false), (json!([GRANT, "refresh_token"]), true)];
    for (agent, lasts) in cases.map(|(grants, lasts)| (agent(&f, &json!({ "grant_types": grants })), lasts)) {
        let name = agent.id.clone();
        let begun = begin(&f, &agent, &ada);
        approve(&ada.browser);
        poll(&f, &agent, &begun).expect(200);
        let is_listed = || {
            let page = ada.browser.get("/account").expect(200);
            page.body.contains(&format!("name=\"client\" value=\"{name}\""))
        };
        assert!(is_listed());
        target.world.advance(659);
        poll(&f, &agent, &begun).expect_error(400, "invalid_grant");
        target.world.advance(2);
        assert_eq!(is_listed(), lasts);
    }
}

#[test]
fn guesses_at_a_code_are_forgotten_after_a_quarter_of_an_hour_and_leave_no_row() {
    let target = target();
    let f = Fixture::new(&target);
    let coded = json!({ "backchannel_user_code_parameter": true });
    let client = agent(&f, &coded);
    let guess = || ask(&f, &client, "nobody@example.com", &[("user_code", "123456")]);
    for _ in 0..5 {
        guess().expect_error(400, "invalid_user_code");
    }
    guess().expect_error(429, "temporarily_unavailable");
    target.world.advance(15 * 60);
    guess().expect_error(400, "invalid_user_code");
    target.world.advance(86_400);
    crate::sign_outs::ring(&target);
    assert!(!target.world.at_rest().contains("guesses/"));
    // The rows don't give a code away, not even by trying.
    let f = Fixture::resume(&target);
    let ada = person(&f);
    let page = ada.browser.get("/account").expect(200);
    ada.browser.submit(&page, &[("action", "set_request_code"), ("request_code", "secret 99")]).expect(200);
    let rest = target.world.at_rest();
    let plain = mintedge::protocol::model::secret::Secret::received("secret 99").hash();
    let plain = serde_json::to_string(&plain).expect("JSON");
    assert!(
        rest.contains("request_code")
            && !rest.contains("secret 99")
            && !rest.contains(plain.trim_matches('"'))
    );
}

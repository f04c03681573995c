//! Clients that change while isolates know an earlier state of them.

use mintedge::protocol::model::secret::Secret;
use serde_json::{Value, json};

use crate::costs::spent;
use crate::suite::browser::{Browser, PASSWORD, form, parameters};
use crate::suite::harness::{Fixture, Req, Target};
use crate::suite::in_memory::{ADMIN_SECRET, InMemory, target};
use crate::suite::login::{Login, text};

/// One more isolate of the same world.
pub(crate) fn isolate(target: &InMemory) -> InMemory {
    let server = target.world.isolate(Some(&Secret::received(ADMIN_SECRET)));
    InMemory { world: target.world.clone(), server }
}

/// A row as releases wrote it before there were incarnations.
fn without_incarnations(json: &str) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                let is_client = members.contains_key("managed_by");
                for name in ["clients_epoch", "incarnation", "incarnations"] {
                    members.remove(name);
                }
                if is_client {
                    members.remove("epoch");
                }
                members.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_str(json).expect("JSON");
    strip(&mut value);
    value.to_string()
}

#[test]
fn what_was_given_before_there_were_incarnations_goes_on_until_the_first_change() {
    let before = target();
    let f = Fixture::new(&before);
    let login = Login::new(&f, &json!({ "first_party": false }));
    let page = login.authorize(&[]).expect(200);
    login.browser.submit(&page, &[("action", "allow")]).expect(303);
    before.world.publish().expect("published");
    before.world.rewrite(without_incarnations);
    assert!(!before.world.at_rest().contains("incarnation"));

    let after = isolate(&before);
    let f = Fixture::resume(&after);
    let browser = Browser::new(&f);
    browser.cookies.borrow_mut().clone_from(&login.browser.cookies.borrow());
    let login = Login { f: &f, browser, ..login };
    let tokens = login.tokens(&[("prompt", "none")]);
    before.world.rewrite(without_incarnations);
    let next = login.refresh(text(&tokens, "refresh_token"), "").expect(200).json();
    login.userinfo(text(&next, "access_token")).expect(200);
    let code = login.code(&[("prompt", "none")]);
    f.admin("POST", &format!("clients/{}/revoke", login.client.id), None).expect(200);
    after.settle();
    login.refresh(text(&next, "refresh_token"), "").expect_error(400, "invalid_grant");
    login.userinfo(text(&next, "access_token")).expect_error(401, "invalid_token");
    login.redeem(&code).expect_error(400, "invalid_grant");
    assert_eq!(parameters(&login.authorize(&[("prompt", "none")]).expect(303))["error"], "consent_required");
}

#[test]
fn what_was_given_a_moment_ago_works_at_edges_that_know_an_earlier_incarnation() {
    for all in [false, true] {
        let target = target();
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({ "serves": ["https://orders.example"] }));
        let old = login.tokens(&[]);
        target.world.publish().expect("published");
        let warm: Vec<_> = (0..5).map(|_| isolate(&target)).collect();
        let at = |index: usize| Fixture::resume(warm.get(index).expect("an isolate"));
        let fixtures: Vec<_> = (0..5).map(at).collect();
        let refresh = |f: &Fixture<'_>, token: &str| {
            let form = format!("grant_type=refresh_token&refresh_token={token}");
            f.send(&Req::token(&form).basic(&login.client.id, &login.client.secret))
        };
        let userinfo = |f: &Fixture<'_>, token: &str| f.send(&Req::new("GET", "/userinfo").bearer(token));
        for f in &fixtures {
            userinfo(f, text(&old, "access_token")).expect(200);
        }
        target.world.advance(1);
        let (path, body) = if all {
            ("revoke-clients".to_owned(), json!({ "all": true }))
        } else {
            (format!("clients/{}/revoke", login.client.id), json!({}))
        };
        f.admin("POST", &path, Some(&body)).expect(200);
        target.world.publish().expect("published");
        target.world.advance(1);

        let cold = isolate(&target);
        let fresh = Fixture::resume(&cold);
        let mut login = Login {
            f: &fresh,
            browser: Browser::new(&fresh),
            client: login.client.clone(),
            email: login.email.clone(),
        };
        let page = login.authorize(&[]).expect(200);
        let answer = login.browser.log_in(&page, &login.email.clone(), PASSWORD).expect(303);
        login.f = &fixtures[0];
        let tokens = login.redeem(&parameters(&answer)["code"]).expect(200).json();
        let next = refresh(&fixtures[1], text(&tokens, "refresh_token")).expect(200).json();
        userinfo(&fixtures[2], text(&next, "access_token")).expect(200);
        let request = Req::new("POST", "/introspect")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("token", text(&next, "access_token"))]))
            .basic(&login.client.id, &login.client.secret);
        assert_eq!(fixtures[3].send(&request).expect(200).json()["active"], true);
        // They know now, and what had ended has ended there too.
        for f in &fixtures[..4] {
            userinfo(f, text(&old, "access_token")).expect_error(401, "invalid_token");
            refresh(f, text(&old, "refresh_token")).expect_error(400, "invalid_grant");
        }
        // Where nobody brought news it takes as long as any change.
        userinfo(&fixtures[4], text(&old, "access_token")).expect(200);
        target.world.advance(25);
        userinfo(&fixtures[4], text(&old, "access_token")).expect_error(401, "invalid_token");
    }
}

#[test]
fn what_has_ended_is_no_reason_to_ask_the_control_object() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let (tokens, code) = (login.tokens(&[]), login.code(&[]));
    target.world.advance(1);
    f.admin("POST", &format!("clients/{}/revoke", login.client.id), None).expect(200);
    target.settle();
    login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
    for _ in 0..10 {
        let cost = spent(&target.world, || {
            login.refresh(text(&tokens, "refresh_token"), "").expect_error(400, "invalid_grant");
            login.userinfo(text(&tokens, "access_token")).expect_error(401, "invalid_token");
            login.redeem(&code).expect_error(400, "invalid_grant");
        });
        assert_eq!(cost, (1, 0), "the refresh token is looked at, and nothing written");
    }
}

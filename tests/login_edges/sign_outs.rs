//! Telling clients that somebody has signed out (back-channel logout).

use mintedge::memory::FailAt;
use serde_json::json;

use crate::suite::harness::{Fixture, Target};
use crate::suite::in_memory::{InMemory, target};
use crate::suite::login::{Login, claims, text, web_client};

pub(crate) fn ring(target: &InMemory) {
    pollster::block_on(target.world.ring_alarms(&target.server)).expect("the alarms");
}

#[test]
fn clients_are_told_of_a_sign_out_until_they_take_it() {
    let target = target();
    let f = Fixture::new(&target);
    let members = json!({
        "backchannel_logout_uri": "https://app.example/backchannel",
        "frontchannel_logout_uri": "https://app.example/frontchannel",
    });
    let login = Login::new(&f, &members);
    let tokens = login.tokens(&[]);
    let id_token = claims(text(&tokens, "id_token"));
    target.world.set_post_status(500);
    let page = login.browser.get("/logout").expect(200);
    let page = login.browser.submit(&page, &[("action", "logout")]).expect(200);
    let sid = text(&id_token, "sid");
    let frame =
        format!("https://app.example/frontchannel?iss=https%3A%2F%2Fid.example.com%2Ftenant&amp;sid={sid}");
    assert!(page.body.contains(&frame), "{}", page.body);
    assert!(target.world.posts().is_empty(), "the answer must not wait for clients");
    ring(&target);
    assert_eq!(target.world.posts().len(), 1);
    ring(&target);
    assert_eq!(target.world.posts().len(), 1, "not before it is due again");
    target.world.advance(10);
    target.world.set_post_status(0);
    ring(&target);
    target.world.advance(60);
    target.world.set_post_status(200);
    ring(&target);
    assert_eq!(target.world.posts().len(), 3);
    target.world.advance(86_400);
    ring(&target);
    assert_eq!(target.world.posts().len(), 3, "delivered once");
    let (url, body) = target.world.posts()[2].clone();
    assert_eq!(url, "https://app.example/backchannel");
    let token = body.strip_prefix("logout_token=").expect("a logout token");
    let logout = claims(token);
    assert_eq!(logout["iss"], target.issuer());
    assert_eq!(logout["aud"], login.client.id);
    assert_eq!((&logout["sub"], &logout["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert_eq!(logout["events"], json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    assert!(logout.get("nonce").is_none() && logout["jti"].is_string() && logout["iat"].is_u64());
}

#[test]
fn a_pairwise_client_is_told_of_the_session_it_knows() {
    let target = target();
    let f = Fixture::new(&target);
    let members = json!({
        "subject_type": "pairwise",
        "backchannel_logout_uri": "https://app.example/backchannel",
        "frontchannel_logout_uri": "https://app.example/frontchannel",
    });
    let login = Login::new(&f, &members);
    let hint = text(&login.tokens(&[]), "id_token").to_owned();
    let id_token = claims(&hint);
    // The hint names this session, so nobody is asked.
    let page = login.browser.get(&format!("/logout?id_token_hint={hint}")).expect(200);
    let sid = text(&id_token, "sid");
    assert!(page.body.contains(&format!("&amp;sid={sid}\"")), "{}", page.body);
    ring(&target);
    let (_, body) = target.world.posts()[0].clone();
    let logout = claims(body.strip_prefix("logout_token=").expect("a logout token"));
    assert_eq!((&logout["sub"], &logout["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert!(!target.world.at_rest().contains(sid), "it is computed");
}

#[test]
fn a_sign_out_and_the_telling_of_it_are_one_commit() {
    for (at, told) in [(FailAt::BeforeCommit, 0), (FailAt::AfterCommit, 1)] {
        let target = target();
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({ "backchannel_logout_uri": "https://app.example/backchannel" }));
        let refresh = text(&login.tokens(&[]), "refresh_token").to_owned();
        let page = login.browser.get("/logout").expect(200);
        // The session is looked at first.
        target.world.fail_object_after(1, at);
        assert!(login.browser.submit(&page, &[("action", "logout")]).status >= 500);
        ring(&target);
        assert_eq!(target.world.posts().len(), told, "{at:?}");
        assert_eq!(login.refresh(&refresh, "").status == 200, told == 0, "{at:?}");
        assert_eq!(login.authorize(&[]).status == 303, told == 0, "{at:?}");
    }
}

#[test]
fn a_client_that_never_answers_is_given_up() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({ "backchannel_logout_uri": "https://app.example/backchannel" }));
    login.tokens(&[]);
    target.world.set_post_status(0);
    let page = login.browser.get("/logout").expect(200);
    login.browser.submit(&page, &[("action", "logout")]).expect(200);
    for _ in 0..20 {
        ring(&target);
        target.world.advance(6 * 3600);
    }
    assert_eq!(target.world.posts().len(), 6);
}

#[test]
fn a_client_registered_anew_is_not_told_of_sign_outs_it_has_nothing_to_do_with() {
    for anew in [false, true] {
        let target = target();
        let f = Fixture::new(&target);
        let members = json!({
            "backchannel_logout_uri": "https://app.example/backchannel", "frontchannel_logout_uri": "https://app.example/front",
        });
        let login = Login::new(&f, &members);
        login.tokens(&[]);
        target.world.advance(1);
        if anew {
            f.admin("DELETE", &format!("clients/{}", login.client.id), None).expect(204);
            let mut members = members.clone();
            members["client_id"] = login.client.id.as_str().into();
            web_client(&f, &members);
        }
        target.settle();
        let page = login.browser.get("/logout").expect(200);
        let page = login.browser.submit(&page, &[("action", "logout")]).expect(200);
        assert_eq!(page.body.contains("https://app.example/front"), !anew, "{}", page.body);
        ring(&target);
        assert_eq!(target.world.posts().len(), usize::from(!anew));
    }
}

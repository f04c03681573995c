//! Tokens that count once: what uses them up, what doesn't, and what that costs.

use mintedge::memory::FailAt;

use super::*;

#[test]
fn a_token_works_once_anywhere() {
    let setup = Setup::new();
    let token = setup.token(&json!({}));
    granted(&setup.present(&token, &[]));
    setup.assert_refused(&setup.present(&token, &[]), "invalid_grant", "assertion_used");
    let elsewhere = setup.world.isolate(None);
    let fields = [("grant_type", JWT_BEARER), ("assertion", token.as_str())];
    assert_eq!(post(&elsewhere, &setup.secrets, "app", &fields).status, 400);
    assert_eq!(post(&elsewhere, &setup.secrets, "tool", &fields).status, 400);
    granted(&setup.present(&setup.token(&json!({})), &[]));
}

#[test]
fn a_request_that_is_refused_uses_nothing_up() {
    let setup = Setup::new();
    let token = setup.token(&json!({}));
    let counts = setup.spent(|| {
        assert_eq!(setup.present_as("stranger", &token, &[]).status, 400);
        assert_eq!(setup.present(&token, &[("scope", "ledger:read")]).status, 400);
        assert_eq!(setup.present(&token, &[("resource", LEDGER)]).status, 400);
        assert_eq!(setup.present(&format!("{token}A"), &[]).status, 400);
    });
    assert_eq!(counts.object_calls, 0);
    granted(&setup.present(&token, &[]));
}

#[test]
fn a_failure_before_the_commit_uses_nothing_up_and_one_after_it_does() {
    let setup = Setup::new();
    for (at, after) in [(FailAt::BeforeCommit, 200), (FailAt::AfterCommit, 400)] {
        let token = setup.token(&json!({}));
        setup.world.fail_next_object(at);
        assert_eq!(setup.present(&token, &[]).status, 503, "never a token without a record");
        assert_eq!(setup.present(&token, &[]).status, after, "{at:?}");
    }
}

#[test]
fn a_warm_isolate_spends_one_call_and_one_row_or_nothing() {
    let setup = Setup::new();
    // The first token of an hour also sets its object's alarm; there are 16 objects an hour.
    for _ in 0..200 {
        granted(&setup.present(&setup.token(&json!({})), &[]));
    }
    let counts = setup.spent(|| {
        granted(&setup.present(&setup.token(&json!({})), &[]));
    });
    assert_eq!(counts, Counts { object_calls: 1, object_rows_written: 1, ..Counts::default() });
    let mut configuration = configuration();
    configuration["trusted_issuer"][0]["one_time"] = json!(false);
    let setup = Setup::with(&configuration);
    let token = setup.token(&json!({ "jti": null }));
    granted(&setup.present(&token, &[]));
    let counts = setup.spent(|| {
        granted(&setup.present(&token, &[]));
    });
    assert_eq!(counts, Counts::default());
}

#[test]
fn what_is_remembered_is_bounded_by_the_longest_life_of_a_token() {
    let setup = Setup::new();
    for _ in 0..100 {
        granted(&setup.present(&setup.token(&json!({})), &[]));
    }
    assert!((1..=16).contains(&setup.world.objects()), "{}", setup.world.objects());
    setup.world.advance(2 * 3600);
    pollster::block_on(setup.world.ring_alarms(&setup.server)).expect("tended");
    assert_eq!(setup.world.objects(), 0);
}

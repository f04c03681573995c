//! Logins that apps share: what they cost, when they end by themselves, and what is stored of them.

use serde_json::json;

use crate::costs::spent;
use crate::incarnations::isolate;
use crate::suite::harness::Fixture;
use crate::suite::in_memory::target;
use crate::suite::login::text;
use crate::suite::token::native_sso::{Shared, first_app, second_app, sign_on};

const SHARED: [(&str, &str); 1] = [("scope", "openid device_sso orders:read")];
const DAY: u64 = 86_400;

#[test]
fn a_shared_login_costs_as_much_as_one_with_a_code() {
    let target = target();
    let f = Fixture::new(&target);
    let (login, app) = (first_app(&f, "acme"), second_app(&f, "acme", &json!({})));
    let mut tokens = login.tokens(&SHARED);
    let code = login.code(&SHARED);
    let cost = spent(&target.world, || tokens = login.redeem(&code).expect(200).json());
    assert_eq!(cost, (1, 1), "code to tokens, with a device secret");
    let shared = Shared::of(&tokens);
    sign_on(&f, &app, &shared, &[]).expect(200);
    let cost = spent(&target.world, || drop(sign_on(&f, &app, &shared, &[]).expect(200)));
    assert_eq!(cost, (1, 1), "the second app");
    let objects = target.world.objects();
    let forged = |text: &str| {
        let (start, end) = text.split_at(30);
        format!("{start}{}{}", if end.starts_with('A') { 'B' } else { 'A' }, &end[1..])
    };
    let (id_token, device_secret) = (shared.id_token.clone(), forged(&shared.device_secret));
    for wrong in [
        Shared { id_token, device_secret },
        Shared { id_token: format!("{}AAAA", &shared.id_token[..shared.id_token.len() - 4]), ..shared },
    ] {
        let refused = || sign_on(&f, &app, &wrong, &[]).expect_error(400, "invalid_grant");
        assert_eq!(spent(&target.world, refused), (0, 0), "what is made up");
    }
    assert_eq!(target.world.objects(), objects);
}

#[test]
fn an_id_token_that_has_expired_still_says_whose_login_it_is() {
    let target = target();
    let f = Fixture::new(&target);
    let (login, app) = (first_app(&f, "acme"), second_app(&f, "acme", &json!({})));
    let shared = Shared::of(&login.tokens(&SHARED));
    target.world.advance(2 * DAY);
    sign_on(&f, &app, &shared, &[]).expect(200);
    // That was a use of the session, which ends three days after the last.
    target.world.advance(2 * DAY);
    sign_on(&f, &app, &shared, &[]).expect(200);
    target.world.advance(3 * DAY);
    sign_on(&f, &app, &shared, &[]).expect_error(400, "invalid_grant");
}

#[test]
fn a_shared_login_ends_with_its_session_at_the_latest() {
    let target = target();
    let f = Fixture::new(&target);
    let (login, app) = (first_app(&f, "acme"), second_app(&f, "acme", &json!({})));
    let shared = Shared::of(&login.tokens(&SHARED));
    for _ in 0..14 {
        target.world.advance(2 * DAY);
        sign_on(&f, &app, &shared, &[("scope", "openid")]).expect(200);
    }
    target.world.advance(2 * DAY);
    sign_on(&f, &app, &shared, &[("scope", "openid")]).expect_error(400, "invalid_grant");
}

#[test]
fn nothing_that_is_stored_or_shown_gives_the_device_secret_away() {
    let target = target();
    let f = Fixture::new(&target);
    let (login, app) = (first_app(&f, "acme"), second_app(&f, "acme", &json!({})));
    let tokens = login.tokens(&SHARED);
    let shared = Shared::of(&tokens);
    sign_on(&f, &app, &shared, &[]).expect(200);
    let (stored, log) = (target.world.at_rest(), target.world.log().join("\n"));
    assert!(stored.contains("acme") && log.contains("\"semantics\":\"native_sso\""));
    for secret in [&shared.device_secret, &shared.id_token] {
        assert!(!stored.contains(secret) && !log.contains(secret), "{secret}");
    }
    let export =
        f.admin("GET", &format!("users/{}/export", login.email.replace('@', "%40")), None).expect(200);
    assert!(export.body.contains("grant/") && !export.body.contains("\"device\""), "{}", export.body);
    assert!(!export.body.contains(text(&crate::suite::login::claims(&shared.id_token), "ds_hash")));
}

#[test]
fn a_first_app_that_shares_its_logins_since_a_moment_ago_is_known_at_once() {
    let target = target();
    let f = Fixture::new(&target);
    let (login, app) = (first_app(&f, "acme"), second_app(&f, "acme", &json!({})));
    let shared = Shared::of(&login.tokens(&SHARED));
    let path = format!("clients/{}", login.client.id);
    let of_vendor = |vendor: &str| {
        let mut client = f.admin("GET", &path, None).expect(200).json();
        let members = client.as_object_mut().expect("an object");
        for name in ["managed_by", "secrets", "created_at", "updated_at"] {
            members.remove(name);
        }
        client["native_sso"] = json!(vendor);
        f.admin("PUT", &path, Some(&client)).expect(200);
    };
    of_vendor("other");
    let other = isolate(&target);
    let elsewhere = Fixture::resume(&other);
    sign_on(&elsewhere, &app, &shared, &[]).expect_error(400, "invalid_grant");
    // The edge has just read that it doesn't; KV says so for a while yet.
    of_vendor("acme");
    sign_on(&elsewhere, &app, &shared, &[]).expect(200);
}

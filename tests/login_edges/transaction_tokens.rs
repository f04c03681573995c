//! Transaction tokens: what they cost, when they end, and that there are none unless they are switched on.

use serde_json::json;

use crate::costs::spent;
use crate::suite::harness::{Fixture, Req, base_config};
use crate::suite::in_memory::target;
use crate::suite::jws::claims;
use crate::suite::login::{Login, text};
use crate::suite::token::token_exchange::subject;
use crate::suite::token::transaction_tokens::{begin, issued, replace, service};

#[test]
fn a_transaction_token_costs_as_much_as_an_exchange() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let (token, gateway, next) = (subject(&login), service(&f, &json!({})), service(&f, &json!({})));
    let mut call = issued(begin(&f, &gateway, &token, &[]));
    replace(&f, &next, &call, &[]).expect(200);
    let begun = spent(&target.world, || call = issued(begin(&f, &gateway, &token, &[])));
    let replaced = spent(&target.world, || drop(replace(&f, &next, &call, &[]).expect(200)));
    assert_eq!((begun, replaced), ((1, 0), (1, 0)), "for a person");
    let own = f.token(&gateway, "&scope=orders:read");
    let begun = spent(&target.world, || call = issued(begin(&f, &gateway, &own, &[])));
    let replaced = spent(&target.world, || drop(replace(&f, &next, &call, &[]).expect(200)));
    assert_eq!((begun, replaced), ((0, 0), (0, 0)), "for a program");
}

#[test]
fn a_transaction_token_lives_a_minute_and_no_replacement_makes_that_longer() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let (token, gateway, next) = (subject(&login), service(&f, &json!({})), service(&f, &json!({})));
    let call = issued(begin(&f, &gateway, &token, &[]));
    let (iat, exp) = (claims(&call)["iat"].as_u64(), claims(&call)["exp"].as_u64());
    assert_eq!(exp.zip(iat).map(|(exp, iat)| exp - iat), Some(60));
    target.world.advance(40);
    let later = replace(&f, &next, &call, &[]).expect(200).json();
    assert_eq!(
        (&later["expires_in"], claims(text(&later, "access_token"))["exp"].as_u64()),
        (&json!(20), exp)
    );
    target.world.advance(20);
    for old in [&call, text(&later, "access_token")] {
        replace(&f, &next, old, &[]).expect_error(400, "invalid_request");
    }
    // Nor does one outlive the access token that it is for: 300 seconds.
    target.world.advance(225);
    assert_eq!(begin(&f, &gateway, &token, &[]).expect(200).json()["expires_in"], 15);
    target.world.advance(15);
    begin(&f, &gateway, &token, &[]).expect_error(400, "invalid_request");
}

#[test]
fn there_are_none_unless_they_are_switched_on() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let gateway = service(&f, &json!({}));
    f.target.settle();
    let token = subject(&login);
    let call = issued(begin(&f, &gateway, &token, &[]));
    let metadata = || f.send(&Req::new("GET", "/.well-known/oauth-authorization-server")).expect(200).body;
    let before = metadata();
    let mut config = base_config();
    config.as_object_mut().expect("an object").remove("experimental");
    f.apply(&config).expect(200);
    f.target.settle();
    begin(&f, &gateway, &token, &[]).expect_error(400, "invalid_request");
    replace(&f, &gateway, &call, &[]).expect_error(400, "invalid_request");
    assert_eq!(metadata(), before, "the draft registers nothing there");
    // In another trust domain what was issued for the first one counts for nothing.
    config["experimental"] =
        json!({ "transaction_tokens": { "trust_domain": "another.example", "lifetime": 5 } });
    f.apply(&config).expect(200);
    f.target.settle();
    let audience = [("audience", "another.example")];
    let fresh = issued(begin(&f, &gateway, &subject(&login), &audience));
    assert_eq!(claims(&fresh)["aud"], "another.example");
    replace(&f, &gateway, &call, &audience).expect_error(400, "invalid_request");
    replace(&f, &gateway, &fresh, &audience).expect(200);
}

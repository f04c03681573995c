//! Guesses at user codes (RFC 8628) by many accounts together.

use serde_json::json;

use crate::guesses::{Outcome, Town, person};
use crate::suite::browser::{Browser, PASSWORD};
use crate::suite::device::{approve, begin, poll, television, type_code};
use crate::suite::harness::Fixture;
use crate::suite::in_memory::target;

/// Wrong user codes of accounts that are younger than a day: each account's first one is free, and a thousand more an hour are looked
/// at, however many accounts and networks there are.
#[test]
fn new_accounts_together_have_a_budget_of_wrong_codes() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let newcomer = |number: usize| {
        let browser = town.browser(&format!("100.{}.{}.1", 64 + number / 200, number % 200));
        assert_eq!(town.on_page(&browser, &person(&f), PASSWORD), Outcome::In);
        browser
    };
    let guess = |browser: &Browser<'_>| {
        let page = type_code(browser, "BBBB-BBBB").expect(200);
        page.body.contains("Too many wrong codes")
    };
    for number in 0..111 {
        let browser = newcomer(number);
        assert!((0..10).all(|_| !guess(&browser)), "{number}");
    }
    // 999 are used up: one is left, and the first code of everybody.
    let last = newcomer(111);
    assert_eq!([guess(&last), guess(&last), guess(&last)], [false, false, true]);
    let honest = newcomer(112);
    assert_eq!([guess(&honest), guess(&honest)], [false, true]);
    let tv = television(&f, &json!({}));
    let begun = begin(&f, &tv);
    approve(&newcomer(113), &begun);
    poll(&f, &tv, &begun).expect(200);
    let later = newcomer(114);
    target.world.advance(3600);
    assert!((0..3).all(|_| !guess(&later)), "it begins anew");
}

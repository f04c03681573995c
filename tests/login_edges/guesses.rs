//! Who is held up by whose guesses. `docs/users.md` has the table of [`strangers_hold_nobody_up_on_a_browser_they_use`], and each
//! sentence of `SECURITY.md` about guesses has a test here.

use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64Unpadded, Encoding as _};
use mintedge::memory::World;
use serde_json::json;

use crate::suite::browser::{Browser, CHALLENGE, PASSWORD, PageForm, form};
use crate::suite::harness::{Fixture, Req, TestClient, base_config, encode};
use crate::suite::in_memory::{InMemory, target};
use crate::suite::login::{Login, REDIRECT, web_client};

/// Where the attackers are, and sometimes the owner too.
const SHARED: &str = "203.0.113.9";
/// Attempts of one address in these tests.
const PER_ADDRESS: usize = 20;

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    In,
    Wrong,
    TooMany,
}
use Outcome::{In, TooMany, Wrong};

/// A server with people, whose passwords are cheap to look at, and a client with the `password` grant.
pub(crate) struct Town<'a> {
    f: &'a Fixture<'a>,
    client: TestClient,
    legacy: TestClient,
    owner: String,
    others: Vec<String>,
}

fn cheap_hash(password: &str) -> String {
    let (salt, mut output) = ([7; 16], [0; 32]);
    let argon2 =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).expect("parameters"));
    argon2.hash_password_into(password.as_bytes(), &salt, &mut output).expect("a hash");
    let [salt, output] = [salt.as_slice(), &output].map(Base64Unpadded::encode_string);
    format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}")
}

fn legacy(f: &Fixture<'_>) -> TestClient {
    web_client(f, &json!({ "grant_types": ["password"], "redirect_uris": [] }))
}

pub(crate) fn person(f: &Fixture<'_>) -> String {
    let login = format!("{}@example.com", f.unique("person"));
    let body = json!({ "login": login, "password_hash": cheap_hash(PASSWORD) });
    f.admin("POST", "users", Some(&body)).expect(201);
    login
}

impl<'a> Town<'a> {
    pub(crate) fn new(f: &'a Fixture<'a>) -> Self {
        let mut config = base_config();
        config["login"]["attempts_per_address"] = json!(PER_ADDRESS);
        f.apply(&config).expect(200);
        f.target.settle();
        let others = (0..PER_ADDRESS).map(|_| person(f)).collect();
        Self { f, client: web_client(f, &json!({})), legacy: legacy(f), owner: person(f), others }
    }

    fn request(&self) -> Vec<(&str, &str)> {
        vec![
            ("client_id", &self.client.id),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", "openid"),
            ("prompt", "login"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]
    }

    pub(crate) fn browser(&self, address: &str) -> Browser<'a> {
        let browser = Browser::new(self.f);
        address.clone_into(&mut browser.address.borrow_mut());
        browser
    }

    pub(crate) fn on_page(&self, browser: &Browser<'_>, login: &str, password: &str) -> Outcome {
        let page = browser.authorize(&self.request()).expect(200);
        let answer = browser.log_in(&page, login, password);
        match answer.status {
            303 => In,
            _ if answer.body.contains("Too many") => TooMany,
            _ => Wrong,
        }
    }

    fn from(&self, address: &str, login: &str, password: &str) -> Outcome {
        self.on_page(&self.browser(address), login, password)
    }

    /// Through a client at 192.0.2.200, which may say where its user is.
    fn through(&self, client: &TestClient, address: Option<&str>, login: &str, password: &str) -> Outcome {
        let mut fields = vec![
            ("grant_type", "password"),
            ("username", login),
            ("password", password),
            ("scope", "openid"),
        ];
        fields.extend(address.map(|address| ("end_user_address", address)));
        let request = Req::token(&form(&fields)).header("cf-connecting-ip", "192.0.2.200");
        let answer = self.f.send(&request.basic(&client.id, &client.secret));
        match answer.status {
            200 => In,
            _ if answer.body.contains("too many") => TooMany,
            _ => Wrong,
        }
    }

    /// A browser that the owner has logged in with.
    fn known_browser(&self, address: &str) -> Browser<'a> {
        let browser = self.browser(address);
        assert_eq!(self.on_page(&browser, &self.owner, PASSWORD), In);
        browser
    }
}

/// Making an account looks at a password where there is one already: that is one attempt, and not two.
#[test]
fn signing_up_with_somebodys_address_counts_as_one_attempt() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let sign_up = |password| {
        let answer = town.browser(SHARED).sign_up_with(&town.request(), &town.owner, password);
        match answer.status {
            303 => In,
            _ if answer.body.contains("Too many") => TooMany,
            _ => Wrong,
        }
    };
    let outcomes: Vec<_> = (0..11).map(|_| sign_up("not the owner's")).collect();
    assert_eq!(outcomes, [[Wrong; 10].as_slice(), &[TooMany]].concat());
    assert_eq!(town.from(SHARED, &town.owner, PASSWORD), TooMany);
    target.world.advance(15 * 60);
    assert_eq!(sign_up(PASSWORD), In, "who knows the password is let in");
}

type Attack = fn(&Town<'_>);

fn nothing(_: &Town<'_>) {}

fn many_names_from_the_shared_address(town: &Town<'_>) {
    for name in &town.others {
        town.from(SHARED, name, "guess");
    }
}

fn the_owner_from_the_shared_address(town: &Town<'_>) {
    for _ in 0..10 {
        town.from(SHARED, &town.owner, "guess");
    }
}

fn the_owner_from_everywhere(town: &Town<'_>) {
    for number in 0..100 {
        town.from(&format!("198.18.0.{}", number / 10), &town.owner, "guess");
    }
}

fn many_names_through_the_client(town: &Town<'_>) {
    for name in &town.others {
        town.through(&town.legacy, None, name, "guess");
    }
}

fn many_names_through_the_client_for_the_shared_address(town: &Town<'_>) {
    for name in &town.others {
        town.through(&town.legacy, Some(SHARED), name, "guess");
    }
}

fn the_owner_through_the_client(town: &Town<'_>) {
    for _ in 0..10 {
        town.through(&town.legacy, None, &town.owner, "guess");
    }
}

fn the_owner_through_the_client_for_the_shared_address(town: &Town<'_>) {
    for _ in 0..10 {
        town.through(&town.legacy, Some(SHARED), &town.owner, "guess");
    }
}

fn the_owner_through_the_client_for_everywhere(town: &Town<'_>) {
    for number in 0..100 {
        town.through(&town.legacy, Some(&format!("198.18.0.{}", number / 10)), &town.owner, "guess");
    }
}

/// The table of `docs/users.md`: after each attack, what each way in with the right password comes to.
///
/// In this order: the page on a browser the owner uses, at home and at the attackers' address; on a new one, at home and there; a
/// name that nobody has, at home and there; the client that says nothing of its user, and one that says home, or the attackers'
/// address; another client.
#[test]
fn strangers_hold_nobody_up_on_a_browser_they_use() {
    let (i, w, x) = (In, Wrong, TooMany);
    let table: [(&str, Attack, [Outcome; 10]); 9] = [
        ("nothing", nothing, [i, i, i, i, w, w, i, i, i, i]),
        ("many names, shared address", many_names_from_the_shared_address, [i, i, i, x, w, x, i, i, i, i]),
        ("the owner, shared address", the_owner_from_the_shared_address, [i, i, i, x, w, w, i, i, i, i]),
        ("the owner, everywhere", the_owner_from_everywhere, [i, i, x, x, w, w, i, i, i, i]),
        ("many names, client", many_names_through_the_client, [i, i, i, i, w, w, x, i, i, i]),
        (
            "many names, client, shared address",
            many_names_through_the_client_for_the_shared_address,
            [i, i, i, i, w, w, i, i, x, i],
        ),
        ("the owner, client", the_owner_through_the_client, [i, i, i, i, w, w, x, i, i, i]),
        (
            "the owner, client, shared address",
            the_owner_through_the_client_for_the_shared_address,
            [i, i, i, i, w, w, i, i, x, i],
        ),
        (
            "the owner, client, everywhere",
            the_owner_through_the_client_for_everywhere,
            [i, i, i, i, w, w, x, x, x, x],
        ),
    ];
    for (what, attack, expected) in table {
        let target = target();
        let f = Fixture::new(&target);
        let town = Town::new(&f);
        let (home, moved) = (town.known_browser("192.0.2.77"), town.known_browser("192.0.2.78"));
        SHARED.clone_into(&mut moved.address.borrow_mut());
        let other = legacy(&f);
        attack(&town);
        let name = &town.owner;
        let outcomes = [
            town.on_page(&home, name, PASSWORD),
            town.on_page(&moved, name, PASSWORD),
            town.from("192.0.2.79", name, PASSWORD),
            town.from(SHARED, name, PASSWORD),
            town.from("192.0.2.79", "nobody@example.com", PASSWORD),
            town.from(SHARED, "nobody@example.com", PASSWORD),
            town.through(&town.legacy, None, name, PASSWORD),
            town.through(&town.legacy, Some("192.0.2.79"), name, PASSWORD),
            town.through(&town.legacy, Some(SHARED), name, PASSWORD),
            town.through(&other, Some("192.0.2.79"), name, PASSWORD),
        ];
        assert_eq!(outcomes, expected, "{what}");
    }
}

#[test]
fn an_attempt_is_counted_before_the_password_is_looked_at() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    the_owner_from_the_shared_address(&town);
    assert_eq!(town.from(SHARED, &town.owner, PASSWORD), TooMany, "though it is right");
    target.world.advance(15 * 60);
    assert_eq!(town.from(SHARED, &town.owner, PASSWORD), In);
}

#[test]
fn names_that_nobody_has_are_counted_like_others() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    for name in [town.owner.as_str(), "nobody@example.com"] {
        let address = format!("198.51.100.{}", name.len());
        let outcomes: Vec<_> = (0..11).map(|_| town.from(&address, name, "guess")).collect();
        assert_eq!(outcomes, [[Wrong; 10].as_slice(), &[TooMany]].concat(), "{name}");
        let outcomes: Vec<_> =
            (0..11).map(|_| town.through(&town.legacy, Some(&address), name, "guess")).collect();
        assert_eq!(outcomes, [[Wrong; 10].as_slice(), &[TooMany]].concat(), "{name}");
    }
}

#[test]
fn a_known_browser_is_held_up_by_its_own_attempts() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let (one, other) = (town.known_browser("192.0.2.77"), town.known_browser("192.0.2.77"));
    let outcomes: Vec<_> = (0..11).map(|_| town.on_page(&one, &town.owner, "guess")).collect();
    assert_eq!(outcomes, [[Wrong; 10].as_slice(), &[TooMany]].concat());
    assert_eq!(town.on_page(&one, &town.owner, PASSWORD), TooMany);
    assert_eq!(town.on_page(&other, &town.owner, PASSWORD), In);
    assert_eq!(town.on_page(&one, &town.others[0], PASSWORD), In, "it is known for one person only");
    target.world.advance(15 * 60);
    assert_eq!(town.on_page(&one, &town.owner, PASSWORD), In);
}

fn set_by_admin(f: &Fixture<'_>, login: &str, _: &Browser<'_>) {
    let body = json!({ "password": "another fine password" });
    f.admin("PATCH", &format!("users/{}", encode(login)), Some(&body)).expect(200);
}

fn reset_with_a_link(f: &Fixture<'_>, login: &str, _: &Browser<'_>) {
    let reset = f.admin("POST", &format!("users/{}/reset", encode(login)), None).expect(200).json();
    let link = reset["link"].as_str().expect("a link").strip_prefix(&f.target.issuer()).expect("ours");
    let browser = Browser::new(f);
    let page = browser.get(link).expect(200);
    let password = "another fine password";
    let fields = [("password", password), ("password_again", password), ("action", "sign_up")];
    browser.submit(&page, &fields).expect(200);
}

fn change_on_account(_: &Fixture<'_>, _: &str, browser: &Browser<'_>) {
    let page = browser.get("/account").expect(200);
    let csrf = PageForm::of(&page.body).field("csrf").to_owned();
    let fields = [
        ("flow", "account"),
        ("csrf", csrf.as_str()),
        ("current_password", PASSWORD),
        ("password", "another fine password"),
        ("password_again", "another fine password"),
        ("action", "change_password"),
    ];
    browser.post("/account", &form(&fields)).expect(200);
}

/// An intruder has logged in and kept what the browser was remembered by. After a new password it is worth nothing: neither does it
/// pass by what strangers' guesses fill, nor does it fill what the owner's browsers count in.
#[test]
fn a_mark_from_before_a_new_password_is_worth_nothing() {
    type Change = fn(&Fixture<'_>, &str, &Browser<'_>);
    let ways: [(&str, Change); 3] =
        [("admin", set_by_admin), ("link", reset_with_a_link), ("account", change_on_account)];
    for (how, change) in ways {
        let target = target();
        let f = Fixture::new(&target);
        let town = Town::new(&f);
        let owners = town.known_browser("192.0.2.77");
        let intruders: Vec<_> = (0..3).map(|_| town.known_browser(SHARED)).collect();
        change(&f, &town.owner, &owners);
        if how != "account" {
            assert_eq!(town.on_page(&owners, &town.owner, "another fine password"), In);
        }
        the_owner_from_everywhere(&town);
        for browser in &intruders {
            assert_eq!(town.on_page(browser, &town.owner, "another fine password"), TooMany, "{how}");
        }
        assert_eq!(town.on_page(&owners, &town.owner, "another fine password"), In, "{how}");
    }
}

#[test]
fn a_mark_is_nothing_to_a_later_account_of_the_same_name() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let browser = town.known_browser("192.0.2.77");
    let user = format!("users/{}", encode(&town.owner));
    f.admin("DELETE", &user, None).expect(204);
    let again = json!({ "login": town.owner, "password_hash": cheap_hash(PASSWORD) });
    f.admin("POST", "users", Some(&again)).expect(201);
    the_owner_from_everywhere(&town);
    assert_eq!(town.on_page(&browser, &town.owner, PASSWORD), TooMany);
}

#[test]
fn spraying_through_a_client_is_damped() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let tried = |address: &dyn Fn(usize) -> Option<String>| {
        let outcomes = (0..400).map(|number| {
            let name = &town.others[number % town.others.len()];
            town.through(&town.legacy, address(number).as_deref(), name, "guess")
        });
        outcomes.take_while(|outcome| *outcome == Wrong).count()
    };
    let objects = target.world.objects();
    assert_eq!(tried(&|_| None), PER_ADDRESS, "from one address");
    // Each for a user somewhere else: the client as a whole.
    let left = 10 * PER_ADDRESS - PER_ADDRESS;
    assert_eq!(tried(&|number| Some(format!("198.18.{}.{}", number / 200, number % 200))), left);
    assert_eq!(town.through(&town.legacy, Some("192.0.2.79"), &town.owner, PASSWORD), TooMany);
    assert!(target.world.objects() <= objects + town.others.len() * 2 + 3, "each attempt makes no object");
    let other = legacy(&f);
    assert_eq!(town.through(&other, None, &town.owner, PASSWORD), In, "another client isn't concerned");
    assert_eq!(town.from("192.0.2.79", &town.owner, PASSWORD), In, "and neither are pages");
}

#[test]
fn logins_that_succeed_do_not_use_a_client_up() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    for round in 0..3 {
        for name in &town.others {
            assert_eq!(town.through(&town.legacy, None, name, PASSWORD), In, "{round}");
        }
    }
    for _ in 0..2 * PER_ADDRESS {
        assert_eq!(town.through(&town.legacy, None, &town.owner, PASSWORD), In, "one person, all day");
    }
}

#[test]
fn a_success_does_not_clear_strangers_attempts() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    for number in 0..95 {
        town.from(&format!("198.18.0.{}", number / 10), &town.owner, "guess");
        town.through(&town.legacy, Some(&format!("198.18.0.{}", number / 10)), &town.owner, "guess");
    }
    // The owner tries wrongly, then rightly: what was theirs is taken back.
    for _ in 0..4 {
        assert_eq!(town.from("192.0.2.79", &town.owner, "wrong"), Wrong);
    }
    assert_eq!(town.from("192.0.2.79", &town.owner, PASSWORD), In);
    for _ in 0..4 {
        assert_eq!(town.through(&town.legacy, Some("192.0.2.79"), &town.owner, "wrong"), Wrong);
    }
    assert_eq!(town.through(&town.legacy, Some("192.0.2.79"), &town.owner, PASSWORD), In);
    let guess = |number| town.from(&format!("198.18.1.{number}"), &town.owner, "guess");
    let outcomes: Vec<_> = (0..6).map(guess).collect();
    assert_eq!(outcomes, [Wrong, Wrong, Wrong, Wrong, Wrong, TooMany]);
    let guess = |number| town.through(&town.legacy, Some(&format!("198.18.1.{number}")), &town.owner, "x");
    let outcomes: Vec<_> = (0..6).map(guess).collect();
    assert_eq!(outcomes, [Wrong, Wrong, Wrong, Wrong, Wrong, TooMany]);
}

#[test]
fn a_site_of_ipv6_addresses_is_one_guesser() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let tried = |address: &dyn Fn(usize) -> String| {
        let guess = |number| town.from(&address(number), &town.others[number % 20], "guess");
        (0..200).map(guess).take_while(|outcome| *outcome == Wrong).count()
    };
    assert_eq!(tried(&|number| format!("2001:db8:1::{number:x}")), PER_ADDRESS, "a /64");
    assert_eq!(tried(&|number| format!("2001:db8:2:{number:x}::1")), 2 * PER_ADDRESS, "a /56");
    assert_eq!(tried(&|number| format!("2001:db8:3:{number:x}00::1")), 4 * PER_ADDRESS, "a /48");
    // One of them can't use up what an identifier has from new browsers.
    for number in 0..65 {
        town.from(&format!("2001:db8:4:{number:x}00::1"), &town.owner, "guess");
    }
    assert_eq!(town.from("2001:db8:4:ff00::1", &town.owner, PASSWORD), TooMany);
    assert_eq!(town.from("2001:db8:5::1", &town.owner, PASSWORD), In);
    assert_eq!(town.from("::ffff:192.0.2.79", &town.owner, PASSWORD), In);
}

#[test]
fn an_over_long_password_is_refused_uncounted() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let long = "x".repeat(257);
    let rest = rows(&target.world);
    for _ in 0..2 * PER_ADDRESS {
        assert_eq!(town.from("192.0.2.79", &town.owner, &long), Wrong);
        assert_eq!(town.through(&town.legacy, None, &town.owner, &long), Wrong);
    }
    assert_eq!(rows(&target.world), rest);
    assert_eq!(town.from("192.0.2.79", &town.owner, PASSWORD), In);
}

fn rows(world: &World) -> u64 {
    world.counts().object_rows_written
}

#[test]
fn a_login_with_a_password_costs_what_the_docs_say() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    let cost = |browser: &Browser<'_>| {
        let page = browser.authorize(&town.request()).expect(200);
        let before = target.world.counts();
        browser.log_in(&page, &town.owner, PASSWORD).expect(303);
        let after = target.world.counts();
        (after.object_calls - before.object_calls, after.object_rows_written - before.object_rows_written)
    };
    let known = town.browser("192.0.2.77");
    // The first ones set the objects' alarms, which count as rows.
    for browser in [&known, &town.browser("2001:db8::1")] {
        cost(browser);
    }
    town.through(&town.legacy, None, &town.owner, PASSWORD);
    assert_eq!(cost(&town.browser("192.0.2.77")), (4, 4), "address, identifier and pair, the session");
    assert_eq!(cost(&known), (5, 2), "the session before is looked at");
    assert_eq!(cost(&town.browser("2001:db8::1")), (4, 6), "two more networks");
    let before = target.world.counts();
    town.through(&town.legacy, None, &town.owner, PASSWORD);
    let after = target.world.counts();
    assert_eq!(after.object_calls - before.object_calls, 4, "client, identifier, person, grant");
    assert_eq!(after.object_rows_written - before.object_rows_written, 5);
}

#[test]
fn the_address_that_a_client_tells_has_to_be_one() {
    let target = target();
    let f = Fixture::new(&target);
    let town = Town::new(&f);
    for wrong in ["nonsense", "203.0.113.9:443", "203.0.113.9, 192.0.2.1", "[2001:db8::1]"] {
        let fields = [
            ("grant_type", "password"),
            ("username", town.owner.as_str()),
            ("password", PASSWORD),
            ("scope", "openid"),
            ("end_user_address", wrong),
        ];
        let request = Req::token(&form(&fields)).basic(&town.legacy.id, &town.legacy.secret);
        f.send(&request).expect_error(400, "invalid_request");
    }
}

#[test]
fn a_password_changed_on_the_account_page_leaves_the_session_and_nothing_else() {
    let target: InMemory = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let scope = [("scope", "openid offline_access orders:read")];
    let (offline, bound) = (login.tokens(&scope), login.tokens(&[]));
    let other = Browser::new(&f);
    let page = other.authorize(&login.request(&[])).expect(200);
    other.log_in(&page, &login.email, PASSWORD).expect(303);
    change_on_account(&f, &login.email, &login.browser);
    for tokens in [&offline, &bound] {
        let token = |name: &str| tokens[name].as_str().expect("a token");
        login.refresh(token("refresh_token"), "").expect_error(400, "invalid_grant");
        login.userinfo(token("access_token")).expect_error(401, "invalid_token");
    }
    let overview = f.admin("GET", &format!("users/{}/sessions", encode(&login.email)), None).json();
    let live = |name: &str| overview[name].as_array().map(Vec::len);
    assert_eq!((live("sessions"), live("grants")), (Some(1), Some(0)), "{overview}");
    other.authorize(&login.request(&[])).expect(200);
    login.tokens(&[]);
}

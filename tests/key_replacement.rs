//! Every key of a server is replaced: with overlap, so that nobody notices, and at once, so that what it made is worth nothing.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "key_replacement/earlier.rs"]
mod earlier;
#[path = "key_replacement/kek.rs"]
mod kek;
mod suite;

use std::collections::BTreeMap;

use mintedge::memory::World;
use mintedge::protocol::keys::derived::Purpose;
use mintedge::protocol::keys::keyring::Keyring;
use mintedge::protocol::keys::sealed::{CODE_PREFIX, open, seal};
use mintedge::protocol::model::id::Id;
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::model::time::DAY;
use mintedge::protocol::objects::control::{ControlCommand, ControlReply, Inventory};
use mintedge::protocol::state::roots::{ANNOUNCE, KEEP, ROTATE};
use mintedge::protocol::tokens::authorization_code::AuthorizationCode;
use serde_json::{Value, json};

use suite::browser::{Browser, PASSWORD, PageForm, form, parameters};
use suite::harness::{Fixture, Req, Target, TestClient};
use suite::in_memory::{InMemory, target};
use suite::login::{Login, claims, text, web_client};

fn isolate(world: &World) -> InMemory {
    let server = world.isolate(Some(&Secret::received(target().admin_secret())));
    InMemory { world: world.clone(), server }
}

fn inventory(world: &World) -> Inventory {
    match world.control(&ControlCommand::Inventory) {
        Ok(ControlReply::Inventory(inventory)) => *inventory,
        other => panic!("{other:?}"),
    }
}

fn rotate(world: &World, immediately: bool) {
    assert!(matches!(
        world.control(&ControlCommand::RotateRoot { immediately }),
        Ok(ControlReply::Inventory(_))
    ));
}

fn retire(world: &World, id: u8, purposes: &[Purpose]) {
    let purposes = purposes.iter().copied().collect();
    assert!(matches!(
        world.control(&ControlCommand::RetireRoot { id, purposes }),
        Ok(ControlReply::Inventory(_))
    ));
}

/// Every edge has heard of it.
fn heard(world: &World) {
    world.publish().expect("published");
    world.advance(26);
}

/// The keys as an edge gets them.
fn keyring(world: &World) -> Keyring {
    match world.control(&ControlCommand::Open) {
        Ok(ControlReply::Opened { keyring, .. }) => keyring.into(),
        other => panic!("{other:?}"),
    }
}

/// Which generation a value names.
fn generation(text: &str) -> u8 {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    let body = Base64UrlUnpadded::decode_vec(&text[4..8]).expect("base64url");
    assert_eq!(body[0], 2, "{text}");
    body[1]
}

/// What people and clients hold at one moment, whichever way they came by it.
struct Held {
    refresh: String,
    access: String,
    code: String,
    link: String,
    request_uri: String,
    page: PageForm,
    stranger: BTreeMap<String, String>,
    account: PageForm,
}

impl Held {
    fn of(login: &Login<'_>) -> Self {
        // The admin token of a while ago is over.
        let f = &Fixture::resume(login.f.target);
        let other = format!("{}@example.com", f.unique("other"));
        let account = json!({ "login": other, "invite": true });
        let invited = f.admin("POST", "users", Some(&account)).expect(201).json();
        let stranger = Browser::new(f);
        let page = PageForm::of(&stranger.authorize(&login.request(&[])).expect(200).body);
        let tokens = login.tokens(&[]);
        Self {
            refresh: text(&tokens, "refresh_token").to_owned(),
            access: text(&tokens, "access_token").to_owned(),
            link: text(&invited, "link").split("token=").nth(1).expect("a token").to_owned(),
            request_uri: push(login),
            page,
            stranger: stranger.cookies.take(),
            account: PageForm::of(&login.browser.get("/account").expect(200).body),
            code: login.code(&[]),
        }
    }

    /// The generation of every value.
    fn generations(&self, login: &Login<'_>) -> BTreeMap<&'static str, u8> {
        let cookies = login.browser.cookies.borrow();
        let cookie =
            |name: &str| cookies.iter().find(|(key, _)| key.contains(name)).expect("a cookie").1.clone();
        let pushed = self.request_uri.rsplit(':').next().expect("a reference").to_owned();
        let csrf = format!("____{}", self.page.field("csrf"));
        BTreeMap::from([
            ("session", generation(&cookie("session"))),
            ("device", generation(&cookie("device"))),
            ("refresh", generation(&self.refresh)),
            ("grant", generation(text(&claims(&self.access), "grant"))),
            ("code", generation(&self.code)),
            ("link", generation(&self.link)),
            ("request_uri", generation(&pushed)),
            ("flow", generation(self.page.field("flow"))),
            ("csrf", generation(&csrf)),
        ])
    }

    /// What each of them is still good for.
    fn good(&self, login: &Login<'_>) -> BTreeMap<&'static str, bool> {
        let link = |token: &str| login.browser.get(&format!("/password?token={token}")).status == 200;
        let pushed = [("client_id", login.client.id.as_str()), ("request_uri", &self.request_uri)];
        let stranger = Browser::new(login.f);
        *stranger.cookies.borrow_mut() = self.stranger.clone();
        let fields: Vec<(&str, &str)> =
            self.page.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let typed = [("username", login.email.as_str()), ("password", PASSWORD), ("action", "log_in")];
        let logged_in =
            stranger.post(&stranger.path(&self.page.action), &form(&[fields.as_slice(), &typed].concat()));
        let account = [
            ("flow", "account"),
            ("csrf", self.account.field("csrf")),
            ("action", "revoke_app"),
            ("client", "x"),
        ];
        BTreeMap::from([
            (
                "session",
                login
                    .authorize(&[("prompt", "none")])
                    .header("location")
                    .is_some_and(|to| to.contains("code=")),
            ),
            ("refresh", login.refresh(&self.refresh, "").status == 200),
            ("grant", login.userinfo(&self.access).status == 200),
            ("code", login.redeem(&self.code).status == 200),
            ("link", link(&self.link)),
            ("request_uri", login.browser.authorize(&pushed).status == 303),
            ("flow", logged_in.status == 303),
            ("csrf", login.browser.post("/account", &form(&account)).status == 200),
        ])
    }
}

fn push(login: &Login<'_>) -> String {
    let request = Req::new("POST", "/par")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&login.request(&[])))
        .basic(&login.client.id, &login.client.secret);
    text(&login.f.send(&request).expect(201).json(), "request_uri").to_owned()
}

#[track_caller]
fn assert_all(good: &BTreeMap<&'static str, bool>, expected: bool) {
    assert!(good.values().all(|is| *is == expected), "{good:?}");
}

#[test]
fn a_rotation_of_the_root_is_announced_and_nobody_notices() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    rotate(&target.world, false);
    heard(&target.world);
    let before = Held::of(&login);
    assert!(before.generations(&login).values().all(|id| *id == 0), "announced, not used");
    let refresh = before.refresh.clone();
    target.world.advance(ANNOUNCE - 200);
    login.browser.authorize(&login.request(&[])).expect(303);
    let late = Held::of(&login);
    target.world.advance(200);
    target.world.control(&ControlCommand::Tend).expect("tended");
    // No edge has heard of it yet, and one that starts now has.
    let cold = isolate(&target.world);
    let request = Req::token(&format!("grant_type=refresh_token&refresh_token={refresh}"));
    let answer = cold.send(&request.basic(&login.client.id, &login.client.secret)).expect(200).json();
    let successor = text(&answer, "refresh_token");
    assert_eq!(generation(successor), 1);
    login.refresh(successor, "").expect(200);
    heard(&target.world);
    let mut good = late.good(&login);
    for over in ["code", "request_uri"] {
        good.remove(over); // a minute is over
    }
    assert_all(&good, true);
    let after = Held::of(&login);
    let mut generations = after.generations(&login);
    assert_eq!((generations.remove("session"), generations.remove("device")), (Some(0), Some(0)));
    assert!(generations.values().all(|id| *id == 1), "{generations:?}");
    assert_all(&after.good(&login), true);
}

#[test]
fn a_rotation_at_once_spoils_nothing_that_is_on_its_way() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let held = Held::of(&login);
    rotate(&target.world, true);
    heard(&target.world);
    assert_all(&held.good(&login), true);
    assert_eq!(Held::of(&login).generations(&login)["refresh"], 1);
}

#[test]
fn an_edge_that_has_not_heard_of_a_generation_asks_within_a_budget() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    target.world.publish().expect("published");
    let stale = isolate(&target.world);
    let refresh = |edge: &InMemory, token: &str| {
        let request = Req::token(&format!("grant_type=refresh_token&refresh_token={token}"));
        edge.send(&request.basic(&login.client.id, &login.client.secret))
    };
    let first = text(&login.tokens(&[]), "refresh_token").to_owned();
    refresh(&stale, &first).expect(200);
    rotate(&target.world, true);
    let ahead = isolate(&target.world);
    let second = text(&refresh(&ahead, &first).expect(200).json(), "refresh_token").to_owned();
    assert_eq!(generation(&second), 1);
    let before = target.world.counts().control_calls;
    refresh(&stale, &second).expect(200);
    assert_eq!(target.world.counts().control_calls - before, 1, "asked once");
    refresh(&stale, &second).expect(200);
    assert_eq!(target.world.counts().control_calls - before, 1, "and then knows");
    // Made up: generations ahead, behind, and this one.
    let made_up = |id: u8| {
        use base64ct::{Base64UrlUnpadded, Encoding as _};
        let mut bytes = Base64UrlUnpadded::decode_vec(&second[4..second.len() - 6]).expect("base64url");
        bytes[1] = id;
        let body = format!("mer_{}", Base64UrlUnpadded::encode_string(&bytes));
        format!("{body}{}", checksum(&body))
    };
    let before = target.world.counts().control_calls;
    for id in [0, 1, 129, 200, 255] {
        refresh(&stale, &made_up(id)).error();
    }
    assert_eq!(target.world.counts().control_calls, before, "not news");
    for round in 0..100 {
        refresh(&stale, &made_up(2 + round % 100)).expect_error(400, "invalid_grant");
    }
    let asked = target.world.counts().control_calls - before;
    assert!((1..=20).contains(&asked), "{asked}");
    refresh(&stale, &second).expect(200);
}

/// CRC-32 in six base62 digits, as every secret of ours ends.
fn checksum(body: &str) -> String {
    let mut crc = u32::MAX;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ ((crc & 1) * 0xedb8_8320);
        }
    }
    mintedge::protocol::codec::encoding::base62(&(!crc).to_be_bytes(), 6)
}

#[test]
fn an_emergency_ends_what_was_made_within_a_minute_and_names_stay() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let pairwise = web_client(&f, &json!({ "subject_type": "pairwise" }));
    let subs = || {
        let answer = login.authorize(&[("client_id", &pairwise.id)]).expect(303);
        let tokens = login.redeem_with(&pairwise, &parameters(&answer)["code"], &[]).expect(200).json();
        (
            claims(text(&login.tokens(&[]), "id_token"))["sub"].clone(),
            claims(text(&tokens, "id_token"))["sub"].clone(),
        )
    };
    let generated =
        json!({ "grant_types": ["client_credentials"], "scopes": ["orders:read"], "client_id": "" });
    let generated = f.admin("POST", "clients", Some(&generated)).expect(201).json();
    let service = TestClient {
        id: text(&generated["client"], "client_id").to_owned(),
        secret: text(&generated["secret"], "client_secret").to_owned(),
    };
    let known = subs();
    let held = Held::of(&login);
    retire(&target.world, 0, &[]);
    heard(&target.world);
    assert_eq!(inventory(&target.world).roots.iter().map(|root| root.id).collect::<Vec<_>>(), [1]);
    assert_all(&held.good(&login), false);
    // People are who they were, and log in as before.
    let page = login.authorize(&[]).expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    assert_eq!(subs(), known);
    f.token(&service, "");
    assert_all(&Held::of(&login).good(&login), true);
    let refusal = f.admin("POST", "keys/root-0/retire", None);
    refusal.expect_error(404, "not_found");
}

#[test]
fn one_purpose_may_be_taken_out_alone() {
    for purpose in [Purpose::Code, Purpose::Session, Purpose::Refresh, Purpose::Grant, Purpose::Link] {
        let target = target();
        let f = Fixture::new(&target);
        let login = Login::new(&f, &json!({}));
        let held = Held::of(&login);
        retire(&target.world, 0, &[purpose]);
        heard(&target.world);
        let good = held.good(&login);
        let own = purpose.name();
        // Without a session there is no account page either.
        let along: &[&str] = if purpose == Purpose::Session { &["csrf", "request_uri"] } else { &[] };
        for (name, is) in &good {
            assert_eq!(*is, *name != own && !along.contains(name), "{purpose:?}: {good:?}");
        }
        let shown = f.admin("GET", "keys", None).expect(200).json();
        assert_eq!(shown["roots"][0]["retired_for"], json!([purpose.name()]), "{shown}");
    }
}

#[test]
fn after_two_years_a_generation_is_gone_and_nothing_that_lives_was_made_with_it() {
    let target = target();
    let world = &target.world;
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    login.tokens(&[]);
    for _ in 0..(ROTATE + KEEP) / DAY + 30 {
        world.advance(DAY);
        world.control(&ControlCommand::Tend).expect("tended");
    }
    let ids: Vec<u8> = inventory(world).roots.iter().map(|root| root.id).collect();
    assert!(!ids.contains(&0) && ids.len() <= 4, "{ids:?}");
    heard(world);
    let page = login.authorize(&[]).expect(200);
    login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    login.tokens(&[]);
}

#[test]
fn a_code_needs_its_session_and_not_only_the_key_that_seals() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let tokens = login.tokens(&[]);
    let id_token = claims(text(&tokens, "id_token"));
    // Somebody has the key, reads a code that passes by, and knows what an ID token says.
    let keyring = keyring(&target.world);
    let guard = &keyring.derived.code;
    let passing: AuthorizationCode = open(guard, CODE_PREFIX, &login.code(&[])).expect("a code");
    assert_eq!(Value::from(passing.sid.to_string()), id_token["sid"]);
    let forged = |change: &dyn Fn(&mut AuthorizationCode)| {
        let mut code = passing.clone();
        change(&mut code);
        seal(guard, CODE_PREFIX, &code, &target.world).expect("sealed")
    };
    let changes: [&dyn Fn(&mut AuthorizationCode); 5] = [
        &|code| code.id = Id::generate(&target.world),
        &|code| code.proof = None,
        &|code| code.scopes = ["openid", "orders:write"].into_iter().collect(),
        &|code| code.nonce = Some("another".to_owned()),
        &|code| code.proof = code.proof.as_ref().map(|proof| proof.replace(|letter| letter != 'A', "A")),
    ];
    for change in changes {
        login.redeem(&forged(change)).expect_error(400, "invalid_grant");
        let line = target.world.log().last().cloned().unwrap_or_default();
        assert!(line.contains(r#""cause":"code_forged""#), "{line}");
    }
    login.redeem(&forged(&|_| {})).expect(200);
}

#[test]
fn a_code_outlives_another_login_in_its_session() {
    let target = target();
    let f = Fixture::new(&target);
    let login = Login::new(&f, &json!({}));
    let code = login.code(&[]);
    for _ in 0..2 {
        let page = login.authorize(&[("prompt", "login")]).expect(200);
        login.browser.log_in(&page, &login.email, PASSWORD).expect(303);
    }
    login.redeem(&code).expect(200);
}

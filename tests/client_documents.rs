//! Clients with a metadata document: who may come, what is fetched when, what people see, and how it ends.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "suite/mod.rs"]
mod suite;

#[path = "client_documents/admission.rs"]
mod admission;
#[path = "client_documents/fetching.rs"]
mod fetching;
#[path = "client_documents/keys.rs"]
mod keys;
#[path = "client_documents/outages.rs"]
mod outages;
#[path = "client_documents/people.rs"]
mod people;

use mintedge::memory::World;
use mintedge::protocol::server::ports::MetadataDocument;
use serde_json::{Value, json};

use suite::browser::{Browser, CHALLENGE, VERIFIER, form, parameters};
use suite::harness::{Fixture, Req, Resp, base_config, encode};
use suite::in_memory::InMemory;

pub(crate) const CLIENT: &str = "https://app.vendor.example/oauth/client.json";
pub(crate) const REDIRECT: &str = "https://app.vendor.example/cb";

/// A server that admits what `rules` say.
pub(crate) fn with_rules<'a>(target: &'a InMemory, rules: &Value) -> Fixture<'a> {
    let f = Fixture::new(target);
    let mut config = base_config();
    config["client_document"] = rules.clone();
    f.apply(&config).expect(200);
    f.target.settle();
    f
}

pub(crate) fn open(matches: &str) -> Value {
    json!([{ "match": matches, "allow": "open", "scopes": ["openid", "offline_access", "orders:read"] }])
}

/// A document of the client, with `members` in place of its own.
pub(crate) fn document(members: &Value) -> MetadataDocument {
    let mut all = json!({
        "client_id": CLIENT,
        "client_name": "Vendor App",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    });
    for (name, value) in members.as_object().expect("an object") {
        all[name] = value.clone();
    }
    MetadataDocument {
        bytes: all.to_string().into_bytes(),
        content_type: "application/json".to_owned(),
        cache_control: "max-age=600".to_owned(),
        ..MetadataDocument::default()
    }
}

pub(crate) fn publish(world: &World, members: &Value) {
    world.set_metadata_document(CLIENT, Some(document(members)));
}

/// The usual request of `client_id`, with a redirect URI of its own.
pub(crate) fn request<'a>(client_id: &'a str, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", client_id),
        ("response_type", "code"),
        ("redirect_uri", redirect_uri),
        ("scope", "openid offline_access orders:read"),
        ("state", "the state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// Somebody who has an account, and the consent page that they see first.
pub(crate) fn person<'a>(f: &'a Fixture<'a>) -> (Browser<'a>, Resp) {
    let browser = Browser::new(f);
    let email = format!("{}@example.com", f.unique("ada"));
    let page = browser.sign_up(&request(CLIENT, REDIRECT), &email);
    (browser, page)
}

#[track_caller]
pub(crate) fn allow(browser: &Browser<'_>, page: &Resp) -> String {
    let answer = browser.submit(page, &[("action", "allow")]).expect(303);
    parameters(&answer).get("code").unwrap_or_else(|| panic!("no code: {answer:?}")).clone()
}

pub(crate) fn redeem(f: &Fixture<'_>, code: &str) -> Resp {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
        ("client_id", CLIENT),
    ];
    f.send(&Req::token(&form(&fields)))
}

pub(crate) fn refresh(f: &Fixture<'_>, token: &str) -> Resp {
    let client_id = encode(CLIENT);
    f.send(&Req::token(&format!("grant_type=refresh_token&refresh_token={token}&client_id={client_id}")))
}

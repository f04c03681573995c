//! The admin API: clients and their secrets.

use serde_json::json;

use crate::suite::harness;
use crate::suite::harness::{Fixture, Req};

pub fn clients_are_listed_in_pages(f: &Fixture<'_>) {
    let mut made: Vec<String> = (0..5).map(|_| f.client(&json!({})).id).collect();
    made.sort_unstable();
    let mut listed = Vec::new();
    let mut after = String::new();
    for _ in 0..500 {
        let page = f.admin("GET", &format!("clients?limit=2&after={after}"), None).expect(200).json();
        let clients = page["clients"].as_array().expect("clients");
        assert!(clients.len() <= 2);
        listed.extend(clients.iter().map(|client| client["client_id"].as_str().expect("an id").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = harness::encode(next),
            None => break,
        }
    }
    assert!(listed.is_sorted(), "{listed:?}");
    assert!(made.iter().all(|id| listed.contains(id)), "{made:?} {listed:?}");
    for limit in ["x", "0", "101", "-1"] {
        f.admin("GET", &format!("clients?limit={limit}"), None).expect_error(400, "invalid_request");
    }
}

pub fn a_client_has_at_most_five_live_secrets(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let path = format!("clients/{}/secrets", client.id);
    for _ in 0..4 {
        f.admin("POST", &path, None).expect(201);
    }
    f.admin("POST", &path, None).expect_error(409, "too_many_secrets");
    let shown = f.admin("GET", &format!("clients/{}", client.id), None).expect(200).json();
    let first = shown["secrets"][0]["secret_id"].as_str().expect("an id");
    f.admin("DELETE", &format!("{path}/{first}"), None).expect(204);
    f.admin("DELETE", &format!("{path}/{first}"), None).expect_error(404, "not_found");
    f.admin("POST", &path, Some(&json!({ "expires_in": 60 }))).expect(201);
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
    let public = f.client(&json!({ "token_endpoint_auth_method": "none", "grant_types": [] }));
    f.admin("POST", &format!("clients/{}/secrets", public.id), None).expect_error(409, "public_client");
}

pub fn hashes_and_private_keys_are_never_shown(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let hash = serde_json::to_value(
        mintedge::protocol::model::secret::Secret::received(client.secret.clone()).hash(),
    )
    .expect("JSON");
    let hash = hash.as_str().expect("text");
    for path in ["config", "clients", "keys", &format!("clients/{}", client.id)] {
        let shown = f.admin("GET", path, None).expect(200).body;
        for private in [client.secret.as_str(), hash, "sha256", "private", "\"d\"", "mac_key"] {
            assert!(!shown.contains(private), "{path} shows {private}");
        }
    }
}

pub fn a_secret_may_be_brought_along_as_a_hash(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let known = "a secret that another server made";
    let hash = serde_json::to_value(mintedge::protocol::model::secret::Secret::received(known).hash())
        .expect("JSON");
    let added = f
        .admin("POST", &format!("clients/{}/secrets", client.id), Some(&json!({ "sha256": hash })))
        .expect(201)
        .json();
    assert_eq!(added["secret"].get("client_secret"), None);
    f.target.settle();
    let request = Req::token("grant_type=client_credentials").basic(&client.id, &harness::encode(known));
    f.send(&request).expect(200);
}

pub fn a_live_secret_brought_along_again_keeps_its_id(f: &Fixture<'_>) {
    let client = f.client(&json!({}));
    let path = format!("clients/{}/secrets", client.id);
    let hash = serde_json::to_value(
        mintedge::protocol::model::secret::Secret::received(client.secret.clone()).hash(),
    )
    .expect("JSON");
    let shown =
        || f.admin("GET", &format!("clients/{}", client.id), None).expect(200).json()["secrets"].clone();
    let first = shown()[0]["secret_id"].clone();
    for others_expire_in in [None, Some(0)] {
        f.admin("POST", &path, None).expect(201);
        let again = json!({ "sha256": hash, "expires_in": 3600, "others_expire_in": others_expire_in });
        let kept = f.admin("POST", &path, Some(&again)).expect(201).json()["secret"].clone();
        assert_eq!(kept["secret_id"], first);
        let all = shown();
        let all = all.as_array().expect("secrets");
        assert_eq!(all.len(), if others_expire_in.is_some() { 1 } else { 2 });
        let own: Vec<_> = all.iter().filter(|secret| secret["secret_id"] == first).collect();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["expires_at"], kept["expires_at"]);
    }
    let id = first.as_str().expect("an id");
    f.admin("DELETE", &format!("{path}/{id}"), None).expect(204);
    f.target.settle();
    f.request_token(&client, "").expect_error(401, "invalid_client");
}

pub fn reserved_client_ids_are_refused(f: &Fixture<'_>) {
    for id in [
        "usr_alice",
        "mintedge-admin",
        "mintedge-x",
        "mec_made_up",
        "with space",
        ".",
        "..",
        "quote\"",
        "ü",
        &"x".repeat(129),
    ] {
        f.admin("POST", "clients", Some(&json!({ "client_id": id }))).expect_error(422, "invalid_config");
    }
    let taken = f.client(&json!({}));
    f.admin("POST", "clients", Some(&json!({ "client_id": taken.id }))).expect_error(409, "already_exists");
}

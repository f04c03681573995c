//! Signing keys.

use crate::support::{QUICKSTART, TestServer, Workplace};

#[test]
fn keys_are_listed_rotated_and_retired() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    place.write("mintedge.toml", QUICKSTART);
    place.run("apply --yes").success();
    let first = place.run("keys list --json").json()["keys"][0].clone();
    assert_eq!((&first["alg"], &first["state"]), (&"ES256".into(), &"active".into()));
    let kid = first["kid"].as_str().expect("a kid");

    let rotated = place.run("keys rotate --alg ES256").success();
    assert!(rotated.contains("next") && rotated.contains("2027-01-16T08:00:00Z"), "{rotated}");

    let refusal = place.run(&format!("keys retire {kid}")).failure(64);
    assert!(refusal.contains("--yes"), "{refusal}");
    assert!(place.run("keys retire nonsense --yes").failure(4).contains("there is no key `nonsense`"));
    let left = place.run(&format!("keys retire {kid} --yes --json")).json();
    let keys = left["keys"].as_array().expect("keys");
    assert!(keys.iter().all(|key| key["kid"] != kid) && keys[0]["state"] == "active", "{left}");

    let at_once = place.run("keys rotate --immediately --json").json();
    assert_eq!(at_once["keys"].as_array().map(Vec::len), Some(2));
    assert!(place.run("keys rotate --alg HS256").failure(64).contains("HS256"));
}

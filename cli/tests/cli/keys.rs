//! Keys.

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

#[test]
fn the_root_secret_is_listed_rotated_and_retired() {
    let server = TestServer::start();
    let place = Workplace::for_server(&server);
    let listed = place.run("keys list").success();
    assert!(listed.contains("root-0    active") && listed.contains("No KEK"), "{listed}");
    let rotated = place.run("keys rotate --kind root").success();
    assert!(rotated.contains("root-1    next      2027-01-15T09:00:00Z"), "{rotated}");
    assert!(place.run("keys rotate --kind root --alg EdDSA").failure(64).contains("--alg"));
    let at_once = place.run("keys rotate --kind root --immediately").success();
    assert!(at_once.contains("root-0    retiring") && at_once.contains("root-1    active"), "{at_once}");

    let question = place.run("keys retire root-0 --purpose session").failure(64);
    assert!(question.contains("--yes"), "{question}");
    let part = place.run("keys retire root-0 --purpose session --purpose code --yes").success();
    assert!(part.lines().any(|line| line.starts_with("root-0") && line.ends_with("code session")), "{part}");
    let left = place.run("keys retire root-1 --yes --json").json();
    let ids: Vec<&str> =
        left["roots"].as_array().expect("roots").iter().filter_map(|root| root["id"].as_str()).collect();
    assert_eq!(ids, ["root-0", "root-2"], "{left}");
    place.run("keys list").success();
    assert!(place.run("keys retire root-9 --yes").failure(4).contains("there is no key `root-9`"));
    assert!(place.run("keys retire root-0 --purpose nothing --yes").failure(64).contains("nothing"));
}

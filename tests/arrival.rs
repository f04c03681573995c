//! How a request came: plain http to an https issuer, and from afar to an issuer that is meant for one machine.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use mintedge::memory::World;
use mintedge::protocol::http::{Body, Headers, Method, Request, Response};

const HTTPS: &str = "https://id.example.com/tenant";
const LOOPBACK: &str = "http://127.0.0.1:8787";

fn send(world: &World, method: Method, url: &str, accept: Option<&str>) -> Response {
    let headers = Headers { accept: accept.map(str::to_owned), ..Headers::default() };
    let request = Request::new(method, url, headers, Body::Bytes(Vec::new()));
    pollster::block_on(world.isolate(None).handle(&request))
}

const PAGE: Option<&str> = Some("text/html,application/xhtml+xml,*/*;q=0.8");

#[test]
fn plain_http_is_no_way_to_an_https_issuer() {
    let world = World::new(HTTPS).expect("an issuer");
    for path in ["/tenant/token", "/tenant/jwks", "/tenant/admin/v1/config", "/tenant/par", "/"] {
        for method in [Method::Get, Method::Post] {
            let answer = send(&world, method, &format!("http://id.example.com{path}"), None);
            assert_eq!(answer.status, 400, "{path}");
            assert!(answer.body.contains("over https only"), "{}", answer.body);
        }
    }
    let answer =
        send(&world, Method::Get, "http://id.example.com/tenant/authorize?client_id=a&state=b", PAGE);
    let expected = "https://id.example.com/tenant/authorize?client_id=a&state=b";
    assert_eq!((answer.status, answer.header("location")), (308, Some(expected)));
    // Whatever name it came under, it leads to the issuer's host.
    let answer = send(&world, Method::Get, "http://evil.example//evil.example/x", PAGE);
    assert_eq!(answer.header("location"), Some("https://id.example.com//evil.example/x"));
    let answer = send(&world, Method::Post, "http://id.example.com/tenant/login", PAGE);
    assert_eq!((answer.status, answer.header("location")), (400, None));
    assert!(world.log().iter().all(|line| line.contains("plain_http")), "{:?}", world.log());
    assert!(!world.log().concat().contains("state"), "{:?}", world.log());
    assert_eq!(world.counts(), World::new(HTTPS).expect("an issuer").counts(), "nothing was looked up");
}

#[test]
fn https_and_this_very_machine_are_ways_to_an_https_issuer() {
    let world = World::new(HTTPS).expect("an issuer");
    for origin in
        ["https://id.example.com", "http://127.0.0.1:8787", "http://localhost", "http://[::1]:1", ""]
    {
        let answer = send(&world, Method::Get, &format!("{origin}/tenant/jwks"), None);
        assert_eq!(answer.status, 200, "{origin}");
    }
}

#[test]
fn browsers_are_told_to_come_over_https() {
    let hsts = |issuer: &str, url: &str| {
        let world = World::new(issuer).expect("an issuer");
        let answer = send(&world, Method::Get, url, PAGE);
        answer.header("strict-transport-security").map(str::to_owned)
    };
    for path in ["/tenant/login", "/tenant", "/tenant/nothing", "/tenant/jwks", "/tenant/token"] {
        let value = hsts(HTTPS, &format!("https://id.example.com{path}"));
        assert_eq!(value.as_deref(), Some("max-age=31536000"), "{path}");
    }
    assert_eq!(hsts(LOOPBACK, "http://127.0.0.1:8787/login"), None);
    // It would shut out whatever else listens there.
    assert_eq!(hsts("https://localhost:8443", "https://localhost:8443/login"), None);
}

#[test]
fn an_issuer_on_loopback_serves_this_very_machine_only() {
    let world = World::new(LOOPBACK).expect("an issuer");
    for origin in
        ["https://mintedge.acme.workers.dev", "http://192.168.1.2:8787", "http://127.0.0.1.evil.example"]
    {
        for (path, accept) in [("/token", None), ("/jwks", None), ("/login", PAGE), ("/", PAGE)] {
            let answer = send(&world, Method::Get, &format!("{origin}{path}"), accept);
            assert_eq!(answer.status, 500, "{origin}{path}");
            assert!(answer.body.contains("set ISSUER to the public https URL"), "{}", answer.body);
            assert_eq!(answer.header("set-cookie"), None);
            assert_eq!(answer.body.contains("<h1>"), accept.is_some());
        }
    }
    assert!(world.log().iter().all(|line| line.contains("set ISSUER to the public https URL")));
    assert_eq!(world.counts(), World::new(LOOPBACK).expect("an issuer").counts(), "nothing came into being");
    for origin in ["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"] {
        assert_eq!(send(&world, Method::Get, &format!("{origin}/jwks"), None).status, 200, "{origin}");
    }
}

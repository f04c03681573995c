//! The black-box suite against a running Worker: `MINTEDGE_TEST_URL` is its issuer, `MINTEDGE_TEST_ADMIN_SECRET` its
//! admin secret. The Worker runs with `EDGE_CACHE_SECONDS=1`. `cargo xtask test` starts one and sets all of it.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod suite;

use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use suite::harness::{Fixture, Req, Resp, Target};

struct Worker {
    agent: ureq::Agent,
    issuer: String,
    admin_secret: String,
}

static CONFIGURATION: Mutex<()> = Mutex::new(());

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; `cargo xtask test` sets it"))
}

fn target() -> Worker {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .new_agent();
    Worker {
        agent,
        issuer: variable("MINTEDGE_TEST_URL"),
        admin_secret: variable("MINTEDGE_TEST_ADMIN_SECRET"),
    }
}

impl Target for Worker {
    fn send(&self, request: &Req) -> Resp {
        let mut builder = ureq::http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.issuer, request.path));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let sent = self.agent.run(builder.body(request.body.as_slice()).expect("a request"));
        let mut response =
            sent.unwrap_or_else(|error| panic!("{} {}: {error}", request.method, request.path));
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().expect("text").to_owned()));
        let headers = headers.collect();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().expect("a body");
        Resp { status, headers, body }
    }

    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    fn admin_secret(&self) -> String {
        self.admin_secret.clone()
    }

    /// The object's alarm publishes within a moment, and an edge looks again after two seconds at most.
    fn settle(&self) {
        std::thread::sleep(Duration::from_millis(3500));
    }

    fn configuration_lock(&self) -> Option<MutexGuard<'static, ()>> {
        Some(CONFIGURATION.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The very first requests a fresh deployment sees are parallel: all of them have to get tokens of the same one key.
#[test]
fn fifty_parallel_first_requests_lead_to_one_key() {
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        let kids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let requests: Vec<_> = (0..50).map(|_| scope.spawn(first_kid)).collect();
            requests.into_iter().map(|request| request.join().expect("a token")).collect()
        });
        assert_eq!(kids.len(), 1, "{kids:?}");
    });
}

fn first_kid() -> String {
    let target = target();
    let request = Req::token("grant_type=client_credentials").basic("mintedge-admin", &target.admin_secret());
    let token =
        target.send(&request).expect(200).json()["access_token"].as_str().expect("a token").to_owned();
    suite::jws::header(&token)["kid"].as_str().expect("a kid").to_owned()
}

/// A thousand made-up client ids must not take the server down, and it has to serve others meanwhile.
#[test]
fn a_flood_of_made_up_clients_leaves_the_server_serving() {
    let target = target();
    for number in 0..200 {
        let request = Req::token("grant_type=client_credentials").basic(&format!("made-up-{number}"), "x");
        target.send(&request).expect_error(401, "invalid_client");
    }
    let fixture = Fixture::new(&target);
    fixture.fetch_admin_token("mintedge:read");
}

black_box_suite!(super::target);

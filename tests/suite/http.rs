//! A Worker that runs already, over HTTP: `MINTEDGE_TEST_URL` is its issuer, `MINTEDGE_TEST_ADMIN_SECRET` its admin
//! secret. It runs with `EDGE_CACHE_SECONDS=1`. `cargo xtask test` starts one and sets all of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::harness::{Req, Resp, Target};

/// The Worker.
pub struct Worker {
    agent: ureq::Agent,
    issuer: String,
    admin_secret: String,
}

/// How long an answer may take. A bound of the tests, not of the server: a machine that stands still for a while is not to be
/// taken for a server that does not answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long it takes, at an unhurried pace, until every edge knows a change: the object's alarm publishes within a moment, and an
/// edge looks again after two seconds at most.
const SETTLING: Duration = Duration::from_millis(3500);
/// How long it is waited at a time, and how much longer that may take before it counts as a stand-still.
const STRETCH: Duration = Duration::from_millis(250);
const STAND_STILL: Duration = Duration::from_secs(1);

static CONFIGURATION: Mutex<()> = Mutex::new(());

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; `cargo xtask test` sets it"))
}

pub fn target() -> Worker {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .new_agent();
    Worker {
        agent,
        issuer: variable("MINTEDGE_TEST_URL"),
        admin_secret: variable("MINTEDGE_TEST_ADMIN_SECRET"),
    }
}

impl Worker {
    /// Sends a request to a Worker that may be killed meanwhile: no answer, or half of one, is none.
    pub fn try_send(&self, request: &Req) -> Option<Resp> {
        self.answer(request).ok()
    }

    fn answer(&self, request: &Req) -> Result<Resp, ureq::Error> {
        let mut builder = ureq::http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.issuer, request.path));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let mut response = self.agent.run(builder.body(request.body.as_slice()).expect("a request"))?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().expect("text").to_owned()));
        let headers = headers.collect();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string()?;
        Ok(Resp { status, headers, body })
    }
}

impl Target for Worker {
    fn send(&self, request: &Req) -> Resp {
        let Req { method, path, .. } = request;
        self.answer(request).unwrap_or_else(|error| panic!("no answer to {method} {path}: {error}"))
    }

    fn issuer(&self) -> String {
        self.issuer.clone()
    }

    fn admin_secret(&self) -> String {
        self.admin_secret.clone()
    }

    /// Waits so long in one go. After a stand-still of the machine or of the server everything that was due comes at once, and
    /// in any order: then the waiting begins anew.
    #[allow(clippy::disallowed_methods, reason = "the real runtime has the real time")]
    fn settle(&self) {
        let mut waited = Duration::ZERO;
        while waited < SETTLING {
            let begun = Instant::now();
            std::thread::sleep(STRETCH);
            // Nothing is served there.
            self.send(&Req::new("GET", "/"));
            waited = if begun.elapsed() < STRETCH + STAND_STILL { waited + STRETCH } else { Duration::ZERO };
        }
    }

    fn configuration_lock(&self) -> Option<MutexGuard<'static, ()>> {
        Some(CONFIGURATION.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

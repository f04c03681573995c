//! Trusted issuers on the real runtime: an issuer on loopback is asked for its keys, behaves and misbehaves; one token is
//! presented by many at once.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "the real runtime has the real time")]

mod suite;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use suite::browser::form;
use suite::foreign::{Key, changed, key_set};
use suite::harness::{Fixture, Req, Resp, Target, base_config};
use suite::http::{Worker, target};

const PARALLEL: usize = 32;
const ORDERS: &str = "https://orders.example";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the issuer answers at a path.
#[derive(Clone)]
enum Answer {
    Document(Vec<u8>),
    Redirect(String),
    /// A body without end, as fast as it is read.
    Endless,
    /// A byte now and then.
    Trickle,
}

/// A web server on loopback; it lives as long as the test binary.
#[derive(Clone)]
struct Issuer {
    url: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Issuer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = Self { url, answers: Arc::default(), asked: Arc::default() };
        issuer.put("/.well-known/openid-configuration", issuer.metadata());
        let server = issuer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.answer(stream));
            }
        });
        issuer
    }

    fn metadata(&self) -> Answer {
        let metadata = json!({ "issuer": self.url, "jwks_uri": format!("{}/keys", self.url) });
        Answer::Document(metadata.to_string().into_bytes())
    }

    fn put(&self, path: &str, answer: Answer) {
        self.answers.lock().expect("answers").insert(path.to_owned(), answer);
    }

    fn publish(&self, keys: &[Value]) {
        self.put("/keys", Answer::Document(key_set(keys)));
    }

    /// How often `path` was asked for.
    fn asked(&self, path: &str) -> usize {
        self.asked.lock().expect("requests").iter().filter(|asked| *asked == path).count()
    }

    /// Answers one request; a client that goes away is none of its business.
    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
        lines.map_while(Result::ok).find(String::is_empty);
        self.asked.lock().expect("requests").push(path.clone());
        let answer = self.answers.lock().expect("answers").get(&path).cloned();
        let head = |status: &str, rest: &str| format!("HTTP/1.1 {status}\r\nconnection: close\r\n{rest}\r\n");
        match answer {
            Some(Answer::Document(body)) => {
                let head = head("200 OK", &format!("content-length: {}\r\n", body.len()));
                stream.write_all(&[head.as_bytes(), &body].concat()).ok()
            }
            Some(Answer::Redirect(to)) => {
                let head = head("302 Found", &format!("location: {to}\r\ncontent-length: 0\r\n"));
                stream.write_all(head.as_bytes()).ok()
            }
            Some(Answer::Endless) => {
                stream.write_all(head("200 OK", "").as_bytes()).ok()?;
                while stream.write_all(&[b' '; 4096]).is_ok() {}
                Some(())
            }
            Some(Answer::Trickle) => {
                stream.write_all(head("200 OK", "").as_bytes()).ok()?;
                while stream.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(500));
                }
                Some(())
            }
            None => stream.write_all(head("404 Not Found", "content-length: 0\r\n").as_bytes()).ok(),
        }
    }
}

/// A Worker that trusts one issuer, for as long as the test holds the configuration.
struct Setup {
    target: Worker,
    issuer: Issuer,
    config: Value,
    _lock: Option<MutexGuard<'static, ()>>,
}

impl Setup {
    fn new() -> Self {
        let (target, issuer) = (target(), Issuer::start());
        let lock = target.configuration_lock();
        let f = Fixture::resume(&target);
        let mut config = base_config();
        let grants = ["client_credentials", JWT_BEARER];
        config["client"] = json!([
            { "client_id": "tool", "token_endpoint_auth_method": "none", "grant_types": [JWT_BEARER], "scopes": ["orders:read"] },
            { "client_id": "job", "token_endpoint_auth_method": "federated_jwt", "grant_types": grants, "scopes": ["orders:read"] },
        ]);
        config["trusted_issuer"] = json!([{
            "id": "ci", "kind": "oidc", "issuer": issuer.url, "algs": ["EdDSA", "ES256", "RS256", "PS256"],
        }]);
        config["rule"] = json!([
            {
                "id": "deploy", "issuer": "ci", "match": { "sub": "deploy" }, "clients": ["tool"],
                "audiences": [ORDERS], "scopes": ["orders:read"],
            },
            { "id": "job", "issuer": "ci", "match": { "sub": "job" }, "authenticates": "job" },
        ]);
        f.apply(&config).expect(200);
        target.settle();
        Self { target, issuer, config, _lock: lock }
    }

    /// Changes what the configuration says of the issuer.
    fn trust(&self, changes: &Value) {
        let mut config = self.config.clone();
        config["trusted_issuer"][0] = changed(&config["trusted_issuer"][0], changes);
        Fixture::resume(&self.target).apply(&config).expect(200);
        self.target.settle();
    }

    fn claims(&self, changes: &Value) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let seconds = now.as_secs();
        let usual = json!({
            "iss": self.issuer.url, "sub": "deploy", "aud": self.target.issuer(), "iat": seconds,
            "exp": seconds + 300, "jti": now.as_nanos().to_string(),
        });
        changed(&usual, changes)
    }

    fn present(&self, key: &Key, kid: &str) -> Resp {
        self.target.send(&request(&key.token(kid, &self.claims(&json!({})))))
    }
}

fn request(assertion: &str) -> Req {
    Req::token(&form(&[("grant_type", JWT_BEARER), ("client_id", "tool"), ("assertion", assertion)]))
}

fn authentication(assertion: &str) -> Req {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    Req::token(&form(&fields))
}

/// Sends `request` many times at the same moment and returns the statuses.
fn at_once(target: &Worker, request: &Req) -> Vec<u16> {
    let barrier = Barrier::new(PARALLEL);
    std::thread::scope(|scope| {
        let send = || {
            barrier.wait();
            target.send(request).status
        };
        let threads: Vec<_> = (0..PARALLEL).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

#[test]
fn a_token_presented_by_many_at_once_counts_once() {
    let setup = Setup::new();
    let key = Key::ec(2);
    setup.issuer.publish(&[key.jwk("k1")]);
    for round in 0..3 {
        let grant = request(&key.token("k1", &setup.claims(&json!({}))));
        let client = authentication(&key.token("k1", &setup.claims(&json!({ "sub": "job" }))));
        for (request, refusal) in [(grant, 400), (client, 401)] {
            let statuses = at_once(&setup.target, &request);
            assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{round}: {statuses:?}");
            assert!(statuses.iter().all(|status| [200, refusal].contains(status)), "{round}: {statuses:?}");
        }
    }
}

#[test]
fn tokens_of_every_algorithm_are_verified_and_a_broken_key_verifies_nothing() {
    let setup = Setup::new();
    let keys = [Key::ed(1), Key::ec(2), Key::rsa(2048, "RS256"), Key::rsa(3072, "PS256")];
    let mut jwks: Vec<Value> = keys.iter().map(|key| key.jwk(key.alg())).collect();
    // A point that isn't on the curve.
    jwks.push(changed(&keys[1].jwk("broken"), &json!({ "y": suite::foreign::encode([1; 32]) })));
    setup.issuer.publish(&jwks);
    for key in &keys {
        setup.present(key, key.alg()).expect(200);
        let signed = key.token(key.alg(), &setup.claims(&json!({})));
        let (rest, _) = signed.rsplit_once('.').expect("three parts");
        let other = key.token(key.alg(), &setup.claims(&json!({})));
        let (_, signature) = other.rsplit_once('.').expect("three parts");
        setup.target.send(&request(&format!("{rest}.{signature}"))).expect_error(400, "invalid_grant");
        setup.target.send(&request(&format!("{rest}.AAAA"))).expect_error(400, "invalid_grant");
    }
    setup.present(&keys[1], "broken").expect_error(400, "invalid_grant");
}

#[test]
fn keys_are_asked_for_once_and_again_for_a_new_one() {
    let setup = Setup::new();
    let (first, second) = (Key::ed(1), Key::ec(2));
    setup.issuer.publish(&[first.jwk("k1")]);
    for _ in 0..5 {
        setup.present(&first, "k1").expect(200);
    }
    assert_eq!(setup.issuer.asked("/keys"), 1);
    setup.issuer.publish(&[first.jwk("k1"), second.jwk("k2")]);
    setup.present(&second, "k2").expect(200);
    for number in 0..10 {
        setup.present(&second, &format!("made up {number}")).expect_error(400, "invalid_grant");
    }
    assert_eq!(setup.issuer.asked("/keys"), 2);
}

#[test]
fn nonsense_is_not_kept_for_the_next_who_asks() {
    let setup = Setup::new();
    let key = Key::ed(1);
    setup.issuer.put("/keys", Answer::Document(b"<html>Try again later</html>".to_vec()));
    setup.present(&key, "k1").expect_error(503, "temporarily_unavailable");
    setup.issuer.publish(&[key.jwk("k1")]);
    // The same document under another name, so that the isolate doesn't wait for half a minute.
    setup.trust(&json!({ "jwks_uri": format!("{}/keys", setup.issuer.url) }));
    setup.present(&key, "k1").expect(200);
    assert_eq!(setup.issuer.asked("/keys"), 2);
}

#[test]
fn an_issuer_that_misbehaves_gets_one_bounded_question() {
    let key = Key::ed(1);
    let elsewhere = Issuer::start();
    elsewhere.publish(&[key.jwk("k1")]);
    let redirect = Answer::Redirect(format!("{}/keys", elsewhere.url));
    let question = |answer: &Option<Answer>| {
        let setup = Setup::new();
        if let Some(answer) = answer {
            setup.issuer.put("/keys", answer.clone());
        }
        let started = Instant::now();
        setup.present(&key, "k1").expect_error(503, "temporarily_unavailable");
        let elapsed = started.elapsed();
        setup.present(&key, "k1").expect_error(503, "temporarily_unavailable");
        assert_eq!(setup.issuer.asked("/keys"), 1);
        elapsed
    };
    for answer in [Some(redirect), Some(Answer::Endless), Some(Answer::Trickle), None] {
        // A machine that stands still holds one question up, but not one after the other.
        assert!((0..3).any(|_| question(&answer) < Duration::from_secs(8)), "it takes too long");
    }
    assert_eq!(elsewhere.asked("/keys"), 0, "a redirect was followed");
}

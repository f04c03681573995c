//! What an isolate does at the same time when it knows nothing yet.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use mintedge::memory::{Memory, World, token_request};
use mintedge::protocol::http::error::ServerError;
use mintedge::protocol::keys::kek::Keks;
use mintedge::protocol::keys::keyring::SigningKey;
use mintedge::protocol::model::entropy::Entropy;
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::model::jwk::PublicJwk;
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::model::signature_alg::SignatureAlg;
use mintedge::protocol::model::time::Timestamp;
use mintedge::protocol::objects::Class;
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};
use mintedge::protocol::server::ports::{Document, MetadataDocument, Platform, SnapshotWrite};
use mintedge::protocol::{Deployment, Server};
use serde_json::json;

const ISSUER: &str = "https://id.example.com";

/// A platform whose snapshots arrive only after the Control object was asked, and the other way round.
struct Meeting {
    memory: Server<Memory>,
    reading: Cell<bool>,
    asking: Cell<bool>,
}

impl Meeting {
    fn platform(&self) -> &Memory {
        self.memory.platform()
    }
}

async fn until(other: &Cell<bool>) {
    poll_fn(|_| if other.get() { Poll::Ready(()) } else { Poll::Pending }).await;
}

impl Entropy for Meeting {
    fn fill(&self, bytes: &mut [u8]) {
        self.platform().fill(bytes);
    }
}

impl Platform for Meeting {
    async fn object(&self, class: Class, name: &str, command: &str) -> Result<String, ServerError> {
        self.platform().object(class, name, command).await
    }

    async fn verify(
        &self,
        alg: SignatureAlg,
        key: &PublicJwk,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, ServerError> {
        self.platform().verify(alg, key, message, signature).await
    }

    async fn get_document(&self, url: &str, fresh: bool) -> Result<Document, ServerError> {
        self.platform().get_document(url, fresh).await
    }

    async fn keep_document(&self, url: &str, bytes: &[u8]) {
        self.platform().keep_document(url, bytes).await;
    }

    async fn kept_metadata_document(&self, url: &str) -> Option<MetadataDocument> {
        self.platform().kept_metadata_document(url).await
    }

    async fn get_metadata_document(&self, url: &str) -> Result<MetadataDocument, ServerError> {
        self.platform().get_metadata_document(url).await
    }

    async fn keep_metadata_document(&self, url: &str, document: &MetadataDocument, seconds: u64) {
        self.platform().keep_metadata_document(url, document, seconds).await;
    }

    async fn post_form(&self, url: &str, form: &str) -> Result<u16, ServerError> {
        self.platform().post_form(url, form).await
    }

    async fn post_json(&self, url: &str, bearer: &str, json: &str) -> Result<u16, ServerError> {
        self.platform().post_json(url, bearer, json).await
    }

    fn now(&self) -> Timestamp {
        self.platform().now()
    }

    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Result<Vec<u8>, ServerError> {
        self.platform().sign(key, message).await
    }

    async fn read_snapshots(&self, names: &[&str]) -> Result<Vec<Option<String>>, ServerError> {
        self.reading.set(true);
        until(&self.asking).await;
        self.platform().read_snapshots(names).await
    }

    async fn write_snapshots(&self, snapshots: &[SnapshotWrite<'_>]) -> Vec<Result<(), ServerError>> {
        self.platform().write_snapshots(snapshots).await
    }

    async fn control(&self, command: ControlCommand) -> Result<ControlReply, ServerError> {
        self.asking.set(true);
        until(&self.reading).await;
        self.platform().control(command).await
    }

    fn nfkc(&self, text: &str) -> String {
        self.platform().nfkc(text)
    }

    fn log(&self, line: &str) {
        self.platform().log(line);
    }
}

#[test]
fn a_cold_isolate_reads_snapshots_and_asks_for_the_keys_at_the_same_time() {
    for generated in [false, true] {
        let world = World::new(ISSUER).expect("an issuer");
        world.control(&ControlCommand::Open).expect("opened");
        let members = json!({
            "client_id": if generated { "" } else { "app" },
            "grant_types": ["client_credentials"],
            "scopes": ["mintedge:read"],
        });
        let client = serde_json::from_value(members).expect("a client");
        let created = world.control(&ControlCommand::CreateClient { client: Box::new(client) });
        let Ok(ControlReply::ClientWithSecret { secret: Some(secret), client }) = created else {
            panic!("{created:?}")
        };
        world.publish().expect("published");
        let secret = String::from_utf8(secret.client_secret.expose().to_vec()).expect("text");
        assert_eq!(first_answer(&world, &client.client_id, &secret), Some(200), "generated: {generated}");
    }
}

/// The status of a token request to a fresh isolate; `None` if it waits for ever.
fn first_answer(world: &World, id: &str, secret: &str) -> Option<u16> {
    let deployment = Deployment {
        issuer: Issuer::parse(ISSUER).expect("an issuer"),
        admin_secret: None::<Secret>,
        keks: Keks::default(),
        edge_cache: 25,
    };
    let meeting =
        Meeting { memory: world.isolate(None), reading: Cell::new(false), asking: Cell::new(false) };
    let server = Server::new(deployment, meeting);
    let request = token_request(id, secret);
    let mut answer = pin!(server.handle(&request));
    let mut context = Context::from_waker(Waker::noop());
    (0..10).find_map(|_| match answer.as_mut().poll(&mut context) {
        Poll::Ready(response) => Some(response.status),
        Poll::Pending => None,
    })
}

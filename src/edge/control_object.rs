//! The `Control` Durable Object: one per issuer. Its behavior is [`crate::protocol::objects::control::handle`]; this file
//! brings storage, WebCrypto keys, the alarm and KV.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::future::join_all;
use worker::{DurableObject, Env, KvStore, Request, Response, State, durable_object};

use super::js::{self, Random, failed};
use super::platform::KV;
use super::signer;
use super::sql::{Pending, SqlStore};
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::kek::Keks;
use crate::protocol::keys::keyring::KeyMaterial;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::objects::control;
use crate::protocol::objects::control::{Command, Context, Outcome, Reply};

/// How many snapshots one alarm publishes: an invocation may ask 50 times on the free plan.
const BATCH: i64 = 45;
/// The status of a failure that takes somebody to mend.
pub(super) const MISCONFIGURED: u16 = 409;
/// How long after a failed publication the next try comes, in seconds. KV takes one write a second per name.
const RETRY_PUBLISHING: u64 = 5;
/// How long after the keys could not be tended the next try comes, in seconds: that takes somebody to mend.
const RETRY_TENDING: u64 = 300;

/// The object.
#[durable_object]
pub struct Control {
    state: State,
    env: Env,
    // Opened at the first request, so that an error there can be answered.
    store: RefCell<Option<SqlStore>>,
}

impl DurableObject for Control {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, store: RefCell::new(None) }
    }

    /// Takes a [`Command`] as JSON, answers a [`Reply`] as JSON. A failure has its reason as text, with
    /// 503 if another try may help, 500 if not, and [`MISCONFIGURED`] if somebody has to mend the deployment.
    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let body = request.text().await?;
        #[cfg(feature = "panic-probe")]
        super::probe::object(&body);
        let done = match json::from_str(&body) {
            Ok(command) => self.carry_out(command).await,
            Err(error) => Err(ServerError::internal(format!("the command is unreadable: {error}"))),
        };
        match done.and_then(|reply| serde_json::to_string(&reply).map_err(failed)) {
            Ok(json) => Response::ok(json),
            Err(ServerError::Internal(detail)) => Response::error(detail.into_owned(), 500),
            Err(ServerError::Unavailable(detail)) => Response::error(detail.into_owned(), 503),
            Err(ServerError::Misconfigured(detail)) => Response::error(detail.into_owned(), MISCONFIGURED),
        }
    }

    /// Publishes what changed, tends the keys, and sets the next alarm.
    async fn alarm(&self) -> worker::Result<Response> {
        let tended = self.carry_out(Command::Tend).await.map(drop);
        let published = self.publish().await;
        for failure in [&tended, &published] {
            if let Err(error) = failure {
                let detail = serde_json::to_string(error.detail()).unwrap_or_default();
                js::log(&format!(r#"{{"endpoint":"alarm","outcome":"failed","detail":{detail}}}"#));
            }
        }
        let set = self.set_alarm(tended.is_ok(), published.is_ok()).await;
        set.map_err(|error| worker::Error::RustError(format!("{error:?}")))?;
        Response::empty()
    }
}

impl Control {
    async fn carry_out(&self, command: Command) -> Result<Reply, ServerError> {
        let issuer = super::issuer(&self.env)?;
        let secret = |name| self.env.secret(name).ok().map(|text| text.to_string());
        let keks = Keks::parse(secret("KEK").as_deref(), secret("KEK_PREVIOUS").as_deref())?;
        let mut material: Vec<KeyMaterial> = Vec::new();
        for _ in 0..4 {
            let context = Context {
                issuer: &issuer,
                keks: &keks,
                now: js::now(),
                entropy: &Random,
                material: material.clone(),
            };
            let outcome = self.with_store(|store| control::handle(store, context, command.clone()))?;
            match outcome {
                Outcome::Reply(reply) => {
                    if self.with_store(|store| store.has_pending())? {
                        self.state.storage().set_alarm(Duration::ZERO).await.map_err(failed)?;
                    }
                    return Ok(reply);
                }
                // Other requests may run while WebCrypto works; the next round decides anew what is needed.
                Outcome::NeedsKeys(algs) => {
                    for alg in algs {
                        material.push(signer::generate(alg).await?);
                    }
                }
            }
        }
        Err(ServerError::internal("the Control object keeps asking for keys"))
    }

    fn with_store<T>(
        &self,
        work: impl FnOnce(&mut SqlStore) -> Result<T, ServerError>,
    ) -> Result<T, ServerError> {
        let mut slot = self.store.try_borrow_mut().map_err(failed)?;
        let store = match slot.as_mut() {
            Some(store) => store,
            None => slot.insert(SqlStore::open(&self.state.storage())?),
        };
        work(store)
    }

    /// Writes a batch of the outbox to KV, all of it at once: one after the other the last would wait for seconds.
    ///
    /// The object is the only writer and has one alarm at a time, so values of a name can't overtake each other. A
    /// name that changes again during its write stays in the outbox, and so does one that KV didn't take.
    async fn publish(&self) -> Result<(), ServerError> {
        let issuer = super::issuer(&self.env)?;
        let kv = self.env.kv(KV).map_err(failed)?;
        let batch = self.with_store(|store| store.pending(BATCH))?;
        let writes = batch.into_iter().map(|pending| self.publish_one(&kv, &issuer, pending));
        join_all(writes).await.into_iter().collect()
    }

    async fn publish_one(&self, kv: &KvStore, issuer: &Issuer, pending: Pending) -> Result<(), ServerError> {
        match self.value(issuer, &pending.name)? {
            Some(value) => {
                kv.put(&pending.name, value).map_err(failed)?.execute().await.map_err(failed)?;
            }
            None => kv.delete(&pending.name).await.map_err(failed)?,
        }
        self.with_store(|store| store.published(pending))
    }

    fn value(&self, issuer: &Issuer, name: &str) -> Result<Option<String>, ServerError> {
        self.with_store(|store| control::publication(store, issuer, name, js::now()))
    }

    async fn set_alarm(&self, tended: bool, published: bool) -> Result<(), ServerError> {
        let now = js::now();
        let delay = if !published {
            RETRY_PUBLISHING
        } else if self.with_store(|store| store.has_pending())? {
            0
        } else if !tended {
            RETRY_TENDING
        } else {
            match self.with_store(|store| control::next_alarm(store, now))? {
                Some(at) => at.since(now),
                None => return Ok(()),
            }
        };
        self.state.storage().set_alarm(Duration::from_secs(delay)).await.map_err(failed)
    }
}

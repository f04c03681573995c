//! The objects that hold what is single-use, revocable, personal or elected: one strongly consistent, single-threaded object for
//! each issuer, user, directory shard, pushed request, question that waits for
//! a person, and hour of used tokens. `server::calls` sends them commands; `edge` and `memory` run them.
//!
//! [`handle`] is an object's whole behavior, synchronous and the same natively and in a Durable Object. It reads rows, decides,
//! and returns its reply with the writes to make. The adapter makes all of them in one commit before it answers, so a failure
//! leaves nothing half done. What takes long isn't computed there: the answer is then an [`Order`], and the same command comes
//! again with the result.

pub mod control;
pub mod directory;
pub mod ephemeral;
mod order;
pub mod polling;
pub mod replay;
mod rows;
pub mod subject;

use serde::{Deserialize, Serialize};

use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::{model::time::DAY, model::time::Timestamp};

use control::{Identity, Stop};
pub use order::{Computed, Order};
pub use rows::{Changes, Rows, Transaction};

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Clients, configuration and keys of one issuer; see [`control`].
    Control,
    /// Everything of one user; see [`subject`].
    Subject,
    /// One shard of the login identifiers; see [`directory`].
    Directory,
    /// One pushed authorization request, or one question that waits for a person; see [`ephemeral`] and [`polling`].
    Ephemeral,
    /// The used one-time tokens of one shard and hour; see [`replay`].
    Replay,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Control, Self::Subject, Self::Directory, Self::Ephemeral, Self::Replay];

    /// The name of the kind, which is also the name of its Durable Object class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control => "Control",
            Self::Subject => "Subject",
            Self::Directory => "Directory",
            Self::Ephemeral => "Ephemeral",
            Self::Replay => "Replay",
        }
    }

    /// The kind called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// How coarse alarms are, in seconds. Expired rows are refused when they are read, so sweeping them is never urgent.
pub const SWEEP_EVERY: u64 = DAY;

/// The answer of an object to a command.
#[derive(Debug)]
#[must_use]
pub enum Answer {
    /// The command was carried out, with this reply (JSON).
    Reply(String),
    /// This has to be computed before the command can be carried out. Nothing is written yet.
    Order(Order),
}

/// How often an order may follow an order for one command. A password that changes while it is checked is checked again.
pub const MOST_ORDERS: u32 = 4;

/// What an object needs besides its rows while it decides.
pub struct Setting<'a, E> {
    /// The present time.
    pub now: Timestamp,
    /// The source of randomness.
    pub entropy: &'a E,
    /// Returns the server that the object belongs to. Only the Control object calls it.
    pub identity: &'a dyn Fn() -> Result<Identity, ServerError>,
}

impl<'a, E> Setting<'a, E> {
    /// The setting of an object that never asks which server it belongs to.
    pub fn anonymous(now: Timestamp, entropy: &'a E) -> Self {
        Self { now, entropy, identity: &|| Err(ServerError::internal("nobody's object asks whose it is")) }
    }
}

/// Carries out `command` (JSON) on an object of kind `class`. `computed` is the result of the order that the same command was
/// answered with before, if it was.
///
/// # Errors
/// If the rows can't be read, the command isn't one of this class, or the deployment's secrets don't fit. Nothing may be written
/// then.
pub fn handle<R: Rows, E: Entropy>(
    class: Class,
    rows: &R,
    setting: &Setting<'_, E>,
    command: &str,
    computed: Option<Computed>,
) -> Result<(Answer, Changes), ServerError> {
    let (now, entropy) = (setting.now, setting.entropy);
    let mut transaction = Transaction::new(rows);
    let reply = match class {
        Class::Control => return control(transaction, setting, command, computed),
        Class::Subject => {
            let (command, computed) = (read(command)?, Computed::password(computed));
            if let Some(order) = subject::order(&transaction, entropy, &command, computed.as_ref())? {
                return Ok((Answer::Order(Order::Password(order)), Changes::default()));
            }
            write(&subject::handle(&mut transaction, now, entropy, command, computed)?)
        }
        Class::Directory => write(&directory::handle(&mut transaction, now, read(command)?)?),
        Class::Ephemeral => ephemeral::handle(&mut transaction, now, read(command)?),
        Class::Replay => write(&replay::handle(&mut transaction, now, read(command)?)?),
    }?;
    Ok((Answer::Reply(reply), transaction.finish()))
}

fn control<R: Rows, E: Entropy>(
    mut rows: Transaction<'_, R>,
    setting: &Setting<'_, E>,
    command: &str,
    computed: Option<Computed>,
) -> Result<(Answer, Changes), ServerError> {
    let identity = (setting.identity)()?;
    let now = (setting.now, setting.entropy);
    match control::handle(&mut rows, now, &identity, read(command)?, Computed::keys(computed)) {
        Ok(reply) => Ok((Answer::Reply(write(&reply)?), rows.finish())),
        Err(Stop::Refused(refusal)) => {
            let reply = write(&control::ControlReply::Refused(refusal))?;
            Ok((Answer::Reply(reply), Changes::default()))
        }
        Err(Stop::NeedsKeys(algs)) => Ok((Answer::Order(Order::Keys(algs)), Changes::default())),
        Err(Stop::Server(error)) => Err(error),
    }
}

/// The command (JSON) that an object's alarm carries out, to drop what has expired.
pub const fn tend(class: Class) -> &'static str {
    match class {
        Class::Control | Class::Subject | Class::Directory | Class::Ephemeral | Class::Replay => "\"tend\"",
    }
}

fn read<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, ServerError> {
    json::from_str(json).map_err(|error| ServerError::internal(format!("the command is unreadable: {error}")))
}

fn write<T: Serialize>(reply: &T) -> Result<String, ServerError> {
    to_json(reply)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::memory::{self, FakeEntropy};
    use crate::protocol::model::id::Id;
    use crate::protocol::model::time::HOUR;
    use crate::protocol::model::user_id::UserId;
    use crate::protocol::passwords;

    /// One object, and commands for it as JSON.
    #[derive(Default)]
    struct Object(memory::Object);

    impl Object {
        fn call(&mut self, class: Class, now: u64, command: &Value) -> Value {
            let (reply, changes) =
                handle(class, &self.0, &at(now), &command.to_string(), None).expect("an answer");
            let Answer::Reply(reply) = reply else { panic!("an order: {reply:?}") };
            self.0.commit(changes);
            serde_json::from_str(&reply).expect("JSON")
        }

        fn person(now: u64) -> Self {
            let mut object = Self::default();
            assert!(object.call(Class::Subject, now, &account())["user"].is_object());
            object
        }

        fn redeem(&mut self, now: u64, number: u32, max_grants: u32) {
            let id = Id::from_bytes(u128::from(number).to_be_bytes());
            let auth = json!({ "auth_time": now, "acr": "x", "amr": ["pwd"] });
            let grant = json!({
                "client_id": "app", "bound_to_session": false, "scopes": ["openid"], "auth": auth,
                "created_at": now, "expires_at": 10 * DAY * 365,
            });
            let redemption = json!({ "id": id, "grant": grant, "refresh": true, "max_grants": max_grants });
            let reply = self.call(Class::Subject, now, &json!({ "redeem": redemption }));
            assert!(reply["granted"].is_object(), "{reply}");
        }

        fn grants(&self) -> usize {
            self.0.rows().keys().filter(|key| key.starts_with("grant/")).count()
        }
    }

    const SEVENS: FakeEntropy = FakeEntropy::Constant(7);

    fn at(now: u64) -> Setting<'static, FakeEntropy> {
        Setting::anonymous(Timestamp(now), &SEVENS)
    }

    fn account() -> Value {
        let id = UserId::from_bytes([1; 16]);
        let claims = json!({ "email": "a@example.com", "email_verified": true });
        json!({ "create": {
            "id": id, "login": "ada", "claims": claims, "enabled": true, "created_at": 0, "updated_at": 0,
            "link": { "sha256": "A".repeat(43), "expires_at": 1_000 },
        } })
    }

    #[test]
    fn an_account_that_was_deleted_or_buried_is_never_made_again() {
        let mut object = Object::person(1);
        assert_eq!(object.call(Class::Subject, 2, &json!("bury")), "exists");
        assert!(object.call(Class::Subject, 2, &json!("delete"))["ended"].is_array());
        assert_eq!(object.call(Class::Subject, 3, &account()), "exists");
        assert_eq!(object.call(Class::Subject, 3, &json!("user")), "none");
        assert_eq!(
            *object.0.rows(),
            BTreeMap::from([("gone".to_owned(), "2".to_owned())]),
            "nothing else stays"
        );
        let mut object = Object::default();
        assert_eq!(object.call(Class::Subject, 1, &json!("bury")), "done");
        assert_eq!(object.call(Class::Subject, 1, &json!("bury")), "done");
        assert_eq!(object.call(Class::Subject, 2, &account()), "exists");
    }

    #[test]
    fn a_link_ends_with_the_address_it_went_to() {
        let cases = [
            (json!({ "claims": { "name": "Ada" } }), true, true),
            (json!({ "login": "ada" }), true, true),
            (json!({ "login": "lovelace" }), false, true),
            (json!({ "claims": { "email": "a@example.com" } }), true, true),
            (json!({ "claims": { "email": "b@example.com" } }), false, false),
            (json!({ "claims": { "email": "b@example.com", "email_verified": true } }), false, true),
            (json!({ "claims": { "email": null } }), false, false),
        ];
        for (change, has_link, is_verified) in cases {
            let reply = Object::person(1).call(Class::Subject, 2, &json!({ "change": change }));
            assert_eq!(reply["user"].get("link").is_some(), has_link, "{change}");
            assert_eq!(reply["user"]["claims"].get("email_verified").is_some(), is_verified, "{change}");
        }
    }

    #[test]
    fn somebody_who_logs_in_often_does_not_gather_rows_without_end() {
        let mut object = Object::person(1);
        for number in 0..500 {
            object.redeem(u64::from(number) * HOUR, number, 2);
        }
        assert!((200..=210).contains(&object.grants()), "{}", object.grants());
    }

    #[test]
    fn an_exchanged_grant_is_shown_and_counted_as_long_as_its_origin_is_there() {
        let mut object = Object::person(1);
        object.redeem(10, 1, 5);
        let id = |number: u128| Id::from_bytes(number.to_be_bytes());
        let exchange = |number: u128, max_grants: u32, parent: u128| {
            let auth = json!({ "auth_time": 10, "acr": "x", "amr": ["pwd"] });
            let grant = json!({
                "client_id": "batch", "bound_to_session": false, "scopes": ["a"], "auth": auth, "created_at": 10,
                "expires_at": DAY, "derived": { "parent": id(parent), "sub": "usr_x" },
            });
            json!({ "redeem": { "id": id(number), "grant": grant, "refresh": true, "max_grants": max_grants } })
        };
        assert!(object.call(Class::Subject, 11, &exchange(2, 2, 1))["granted"].is_object());
        let shown = |object: &mut Object| {
            let overview = object.call(Class::Subject, 13, &json!("overview"));
            overview["overview"]["grants"].as_array().expect("grants").len()
        };
        assert_eq!(shown(&mut object), 2);
        let end = json!({ "revoke_grant": { "id": id(1), "client_id": null, "why": "by_user" } });
        assert_eq!(object.call(Class::Subject, 12, &end), "done");
        assert_eq!(shown(&mut object), 0);
        // What is dead gives way before what is alive, however new it is.
        object.redeem(5, 3, 5);
        assert!(object.call(Class::Subject, 9, &exchange(4, 2, 3))["granted"].is_object());
        assert!(object.call(Class::Subject, 14, &exchange(5, 2, 3))["granted"].is_object());
        assert_eq!(shown(&mut object), 3);
    }

    /// The stored hash, as the object has it now.
    fn stored(object: &Object) -> Option<String> {
        let user: Value = serde_json::from_str(object.0.rows().get("user")?).expect("JSON");
        user["password"].as_str().map(str::to_owned)
    }

    /// What the object answers to a login for which `computed` is known, and whether it orders anew.
    fn log_in(object: &mut Object, computed: &Value) -> Result<Value, Option<String>> {
        let command = json!({ "log_in": { "password": "correct horse" } }).to_string();
        let computed = (!computed.is_null())
            .then(|| Computed::parse(Class::Subject, &computed.to_string()).expect("one"));
        let (answer, changes) =
            handle(Class::Subject, &object.0, &at(5), &command, computed).expect("an answer");
        match answer {
            Answer::Order(Order::Password(passwords::Order::Check { stored, .. })) => {
                assert!(changes == Changes::default(), "an order writes nothing");
                Err(stored.map(|hash| hash.0))
            }
            Answer::Order(order) => panic!("{order:?}"),
            Answer::Reply(reply) => {
                object.0.commit(changes);
                Ok(serde_json::from_str(&reply).expect("JSON"))
            }
        }
    }

    #[test]
    fn a_password_that_changes_while_it_is_checked_is_checked_anew() {
        let mut object = Object::person(1);
        let set =
            |object: &mut Object, change: Value| object.call(Class::Subject, 2, &json!({ "change": change }));
        set(&mut object, json!({ "password": "one" }));
        assert_eq!(log_in(&mut object, &Value::Null), Err(Some("one".to_owned())));
        let checked = json!({ "checked": { "stored": "one", "fits": true, "renewed": "renewed" } });
        // Somebody sets a new password in between: the old one is worth nothing any more, and its hash doesn't come back.
        set(&mut object, json!({ "password": "two" }));
        assert_eq!(log_in(&mut object, &checked), Err(Some("two".to_owned())));
        let wrong = json!({ "checked": { "stored": "two", "fits": false, "renewed": null } });
        assert_eq!(log_in(&mut object, &wrong), Ok(json!("none")));
        assert_eq!(stored(&object).as_deref(), Some("two"));
        // Two logins at once renew a hash once.
        set(&mut object, json!({ "password": "one" }));
        assert!(log_in(&mut object, &checked).is_ok_and(|reply| reply["user"].is_object()));
        assert_eq!(stored(&object).as_deref(), Some("renewed"));
        assert_eq!(log_in(&mut object, &checked), Err(Some("renewed".to_owned())));
        let again = json!({ "checked": { "stored": "renewed", "fits": true, "renewed": null } });
        assert!(log_in(&mut object, &again).is_ok_and(|reply| reply["user"].is_object()));
        // Somebody is disabled, or deleted.
        set(&mut object, json!({ "enabled": false }));
        assert_eq!(log_in(&mut object, &again), Err(None), "nobody's password takes as long");
        object.call(Class::Subject, 3, &json!("delete"));
        assert_eq!(log_in(&mut object, &again), Err(None));
        let nobody = json!({ "checked": { "stored": null, "fits": false, "renewed": null } });
        assert_eq!(log_in(&mut object, &nobody), Ok(json!("none")));
        assert_eq!(log_in(&mut object, &json!("busy")), Ok(json!("busy")));
    }

    #[test]
    fn signing_out_everywhere_reaches_more_grants_than_a_page_has() {
        let mut object = Object::person(1);
        object.redeem(10, 1, 5);
        let grant = object.0.rows().iter().find(|(key, _)| key.starts_with("grant/")).expect("one").1.clone();
        for number in 0..1_005_u32 {
            let id = Id::from_bytes(u128::from(number).to_be_bytes());
            object.0.put(format!("grant/{id}"), grant.clone());
        }
        object.call(Class::Subject, 20, &json!({ "end_sessions": { "sid": null } }));
        assert!(
            object.0.rows().iter().all(|(key, grant)| !key.starts_with("grant/") || grant.contains("logout"))
        );
    }

    #[test]
    fn a_used_token_is_remembered_until_its_hour_is_over() {
        let mut object = Object::default();
        let used = |key: &str, until: u64| json!({ "use": { "key": key, "until": until } });
        assert_eq!(object.call(Class::Replay, 10, &used("a", 300)), "fresh");
        assert_eq!(object.call(Class::Replay, 11, &used("a", 300)), "seen");
        assert_eq!(object.call(Class::Replay, 12, &used("b", 300)), "fresh");
        let command = used("c", 3599).to_string();
        let (_, changes) = handle(Class::Replay, &object.0, &at(13), &command, None).expect("done");
        assert_eq!((changes.writes.len(), changes.alarm), (1, Some(Timestamp(HOUR))), "one alarm for all");
        assert_eq!(object.call(Class::Replay, 200, &json!("tend")), "done");
        assert_eq!(object.call(Class::Replay, 201, &used("a", 300)), "seen", "an early alarm drops nothing");
        assert_eq!(object.call(Class::Replay, HOUR, &json!("tend")), "done");
        assert!(object.0.rows().is_empty());
    }

    #[test]
    fn more_used_tokens_than_one_alarm_can_drop_are_dropped_at_once() {
        let mut object = Object::default();
        for number in 0..1_500 {
            let key = format!("{number:05}");
            object.call(Class::Replay, 1, &json!({ "use": { "key": key, "until": 60 } }));
        }
        let (_, changes) = handle(Class::Replay, &object.0, &at(HOUR), "\"tend\"", None).expect("done");
        assert_eq!((changes.writes.len(), changes.alarm), (1_000, Some(Timestamp(HOUR + 1))));
    }

    #[test]
    fn a_shard_full_of_attempts_is_swept_soon_and_whole() {
        let mut object = Object::default();
        for number in 0..3_500 {
            // The first 1,500 stay.
            let window = if number < 1_500 { 10 * DAY } else { 900 };
            let bucket = json!({ "key": format!("{number:05}"), "limit": 10, "window": window });
            object.call(Class::Directory, 1, &json!({ "attempt": { "login": null, "buckets": [bucket] } }));
        }
        let buckets =
            |object: &Object| object.0.rows().keys().filter(|key| key.starts_with("bucket/")).count();
        for (minute, left) in [(0, 3_500), (1, 3_000), (2, 2_000), (3, 1_500)] {
            let now = Timestamp(DAY + 60 * minute);
            let (_, changes) =
                handle(Class::Directory, &object.0, &at(now.0), "\"tend\"", None).expect("done");
            let next = if minute < 3 { now.plus(60) } else { now.plus(DAY) };
            assert_eq!(changes.alarm, Some(next), "{minute}");
            object.call(Class::Directory, now.0, &json!("tend"));
            assert_eq!(buckets(&object), left, "{minute}");
        }
        for alarm in [11 * DAY, 11 * DAY + 60] {
            object.call(Class::Directory, alarm, &json!("tend"));
        }
        assert!(object.0.rows().is_empty());
        let (_, changes) =
            handle(Class::Directory, &object.0, &at(12 * DAY), "\"tend\"", None).expect("done");
        assert!(changes == Changes::default(), "nothing is left to ring for");
    }
}

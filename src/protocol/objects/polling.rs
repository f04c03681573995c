//! The object of one question that waits for a person: what a device asks for (RFC 8628) or a client through the backchannel
//! (`CIBA`), until somebody has decided and whoever polls has learned of it. The endpoints of both begin one, the pages decide it, and
//! `grants::polled` polls it.
//!
//! How fast somebody polls is kept in memory and in no row, so a poll costs one call and writes nothing. An object that the
//! platform has put away in between has forgotten it, and polling may begin with the first interval again.

use serde::{Deserialize, Serialize};

use super::rows::{Rows, Transaction};
use crate::protocol::http::error::ServerError;
use crate::protocol::model::secret::SecretHash;
use crate::protocol::model::time::Timestamp;
use crate::protocol::state::polling::{PersonsDecision, PollOutcome, PollingRecord};

/// The row that holds the record.
const ROW: &str = "polling";
/// The note that holds the pace of the polls.
const PACE: &str = "pace";

/// The commands about such a question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollingCommand {
    /// Keeps a question, unless the object has another one.
    Start {
        /// The SHA-256 of the secret of the code that is polled with.
        sha256: SecretHash,
        /// What is asked for.
        request: String,
        /// When nobody can decide any more.
        expires_at: Timestamp,
    },
    /// Returns what is asked for.
    Look,
    /// Notes what a person has decided.
    Decide {
        /// The hash that the person's page was made with.
        sha256: SecretHash,
        /// The decision.
        decision: PersonsDecision,
    },
    /// Turns a person's yes into a no. What was approved may have been redeemed already: that the person's object knows.
    Withdraw {
        /// The hash that the person's page was made with.
        sha256: SecretHash,
    },
    /// Returns what has become of it, to whoever polls.
    Poll {
        /// The SHA-256 of the secret of the code that is polled with.
        sha256: SecretHash,
    },
}

/// The replies to the commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollingReply {
    /// To `Start`, `Decide` and `Withdraw`: it is done.
    Done,
    /// To `Start`: the object has another question.
    Taken,
    /// There is nothing here, or nothing that can be decided any more.
    None,
    /// To `Look`: what is asked for, and nobody has decided yet.
    Open {
        /// The SHA-256 of the secret of the code that is polled with.
        sha256: SecretHash,
        /// What is asked for.
        request: String,
    },
    /// To `Poll`: what was asked for, and what has become of it.
    Polled {
        /// What is asked for.
        request: String,
        /// What has become of it.
        outcome: PollOutcome,
    },
}

/// Carries out `command`.
pub(super) fn handle<R: Rows>(
    rows: &mut Transaction<'_, R>,
    now: Timestamp,
    command: PollingCommand,
) -> Result<PollingReply, ServerError> {
    let record = rows.read::<PollingRecord>(ROW)?.filter(|record| now < record.ends_at());
    match (command, record) {
        (PollingCommand::Start { .. }, Some(_)) => Ok(PollingReply::Taken),
        (PollingCommand::Start { sha256, request, expires_at }, None) => {
            let record = PollingRecord { sha256, request, expires_at, decision: None };
            rows.write(ROW, &record)?;
            rows.wake(record.ends_at());
            Ok(PollingReply::Done)
        }
        (PollingCommand::Look, Some(record)) if record.is_open(now) => {
            Ok(PollingReply::Open { sha256: record.sha256, request: record.request })
        }
        (PollingCommand::Decide { sha256, decision }, Some(record)) => {
            match record.decided(&sha256, decision, now) {
                Some(record) => {
                    rows.write(ROW, &record)?;
                    Ok(PollingReply::Done)
                }
                None => Ok(PollingReply::None),
            }
        }
        (PollingCommand::Withdraw { sha256 }, Some(record)) => match record.withdrawn(&sha256, now) {
            Some(record) => {
                rows.write(ROW, &record)?;
                Ok(PollingReply::Done)
            }
            None => Ok(PollingReply::None),
        },
        (PollingCommand::Poll { sha256 }, Some(record)) => {
            let (outcome, pace) = record.poll(&sha256, rows.recall(PACE), now);
            if let Some(pace) = pace {
                rows.note(PACE, &pace)?;
            }
            Ok(PollingReply::Polled { request: record.request, outcome })
        }
        (
            PollingCommand::Look
            | PollingCommand::Decide { .. }
            | PollingCommand::Withdraw { .. }
            | PollingCommand::Poll { .. },
            _,
        ) => Ok(PollingReply::None),
    }
}

/// Drops the record once it has ended.
pub(super) fn tend<R: Rows>(rows: &mut Transaction<'_, R>, now: Timestamp) -> Result<(), ServerError> {
    match rows.read::<PollingRecord>(ROW)? {
        Some(record) if now < record.ends_at() => rows.wake(record.ends_at()),
        Some(_) => rows.delete(ROW),
        None => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::memory::{FakeEntropy, Object};
    use crate::protocol::model::time::Timestamp;
    use crate::protocol::objects::{Answer, Changes, Class, Setting, handle};

    fn changes(object: &Object, now: u64, command: &Value) -> (Value, Changes) {
        let entropy = FakeEntropy::Constant(7);
        let setting = Setting::anonymous(Timestamp(now), &entropy);
        let answer = handle(Class::Ephemeral, object, &setting, &command.to_string(), None);
        let (Answer::Reply(reply), changes) = answer.expect("an answer") else { panic!("an order") };
        (serde_json::from_str(&reply).expect("JSON"), changes)
    }

    fn call(object: &mut Object, now: u64, command: &Value) -> Value {
        let (reply, changes) = changes(object, now, command);
        object.commit(changes);
        reply
    }

    fn about(command: &Value) -> Value {
        json!({ "polling": command })
    }

    fn sha256(letter: &str) -> String {
        letter.repeat(43)
    }

    fn begun() -> Object {
        let mut object = Object::default();
        let start = |letter| {
            about(&json!({ "start": { "sha256": sha256(letter), "request": letter, "expires_at": 600 } }))
        };
        assert_eq!(call(&mut object, 0, &start("A")), "done");
        assert_eq!(call(&mut object, 1, &start("E")), "taken");
        assert_eq!(object.alarm(), Some(Timestamp(660)));
        object
    }

    #[test]
    fn a_poll_writes_no_row_and_an_object_that_was_put_away_has_forgotten_the_pace() {
        let mut object = begun();
        let poll = about(&json!({ "poll": { "sha256": sha256("A") } }));
        for (now, outcome) in [(10, "pending"), (11, "too_early"), (19, "too_early"), (34, "pending")] {
            let (reply, made) = changes(&object, now, &poll);
            assert_eq!(reply, json!({ "polled": { "request": "A", "outcome": outcome } }), "{now}");
            assert!(made.writes.is_empty() && made.alarm.is_none(), "{made:?}");
            object.commit(made);
        }
        object.put_away();
        assert_eq!(call(&mut object, 36, &poll)["polled"]["outcome"], "pending");
        assert_eq!(call(&mut object, 41, &poll)["polled"]["outcome"], "pending");
    }

    #[test]
    fn nothing_is_left_when_the_alarm_has_rung() {
        let mut object = begun();
        assert_eq!(call(&mut object, 100, &json!("tend")), Value::Null);
        assert_eq!(object.rows().len(), 1, "an early alarm drops nothing");
        let decide =
            about(&json!({ "decide": { "sha256": sha256("A"), "decision": { "approved": "yes" } } }));
        assert_eq!(call(&mut object, 599, &decide), "done");
        assert_eq!(call(&mut object, 599, &decide), "done", "the same once more");
        let deny = about(&json!({ "decide": { "sha256": sha256("A"), "decision": "denied" } }));
        assert_eq!(call(&mut object, 599, &deny), "none");
        assert_eq!(call(&mut object, 599, &about(&json!("look"))), "none");
        call(&mut object, 660, &json!("tend"));
        assert!(object.rows().is_empty());
        for command in [json!("look"), json!({ "poll": { "sha256": sha256("A") } })] {
            assert_eq!(call(&mut object, 661, &about(&command)), "none");
        }
    }
}

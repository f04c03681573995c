//! Objects in memory: rows by class and name. They count, and can fail before or after a commit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::world::FailAt;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::{Answer, Changes, Class, MOST_ORDERS, Rows, handle};
use crate::protocol::passwords;
use crate::protocol::passwords::Computed;

/// One object: its rows, and the time at which its alarm rings. It is written in whole commits only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    rows: BTreeMap<String, String>,
    alarm: Option<Timestamp>,
}

impl Rows for Object {
    fn read(&self, key: &str) -> Result<Option<String>, ServerError> {
        Ok(self.rows.get(key).cloned())
    }

    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, String)>, ServerError> {
        let rows = self.rows.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        let rows = rows.filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let limit = usize::try_from(limit).unwrap_or_default();
        Ok(rows.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

impl Object {
    /// Writes what a command wants written, and sets the alarm if it has to ring earlier than it would. Returns how many
    /// rows that wrote; an alarm that was set counts as one.
    pub fn commit(&mut self, changes: Changes) -> u64 {
        let mut rows_written = 0;
        if let Some(at) = changes.alarm
            && self.alarm.is_none_or(|known| at < known)
        {
            self.alarm = Some(at);
            rows_written += 1;
        }
        for (key, value) in changes.writes {
            rows_written += 1;
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        rows_written
    }

    /// What is stored, by key.
    pub const fn rows(&self) -> &BTreeMap<String, String> {
        &self.rows
    }

    /// Writes a row that no command wrote.
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.rows.insert(key.into(), value.into());
    }

    /// When its alarm rings, if it is to.
    pub const fn alarm(&self) -> Option<Timestamp> {
        self.alarm
    }

    /// Takes the alarm off, as the platform does when it rings. Returns when it was to ring.
    pub fn take_alarm(&mut self) -> Option<Timestamp> {
        self.alarm.take()
    }

    /// Whether nothing is left of it.
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.alarm.is_none()
    }
}

/// All objects of a world.
#[derive(Debug, Default)]
pub(super) struct Objects {
    by_name: BTreeMap<(Class, String), Object>,
    /// Calls so far.
    pub(super) calls: u64,
    /// Rows written so far, alarms included.
    pub(super) rows_written: u64,
    /// Whether nothing can be computed at the moment.
    pub(super) busy: bool,
    /// Makes a call fail, after so many that don't.
    pub(super) fail_after: Option<(u64, FailAt)>,
}

impl Objects {
    /// Carries out `command` on one object: all of its writes, or none.
    pub(super) fn call(
        &mut self,
        (class, name): (Class, &str),
        now: Timestamp,
        entropy: &impl Entropy,
        command: &str,
    ) -> Result<String, ServerError> {
        self.calls += 1;
        let failure = match self.fail_after.take() {
            Some((0, at)) => Some(at),
            Some((calls, at)) => {
                self.fail_after = Some((calls - 1, at));
                None
            }
            None => None,
        };
        let failed = || Err(ServerError::unavailable("the object was told to fail"));
        if failure == Some(FailAt::BeforeCommit) {
            return failed();
        }
        let key = (class, name.to_owned());
        let untouched = Object::default();
        let object = self.by_name.get(&key).unwrap_or(&untouched);
        let (reply, changes) = carry_out(class, object, (now, entropy), command, self.busy)?;
        if !changes.writes.is_empty() || changes.alarm.is_some() {
            self.rows_written += self.by_name.entry(key).or_default().commit(changes);
        }
        // As in `edge/objects.mjs`.
        self.by_name.retain(|known, object| *known != (class, name.to_owned()) || !object.is_empty());
        if failure == Some(FailAt::AfterCommit) { failed() } else { Ok(reply) }
    }

    /// The objects whose alarm is due; their alarms are taken off.
    pub(super) fn ring(&mut self, now: Timestamp) -> Vec<(Class, String)> {
        let mut due = Vec::new();
        for (key, object) in &mut self.by_name {
            if object.alarm.is_some_and(|at| at <= now) {
                object.take_alarm();
                due.push(key.clone());
            }
        }
        due
    }

    /// Changes every row, as one written by another release.
    pub(super) fn rewrite(&mut self, change: &impl Fn(&str) -> String) {
        for json in self.by_name.values_mut().flat_map(|object| object.rows.values_mut()) {
            *json = change(json);
        }
    }

    /// How many objects there are: they hold rows, or wait for their alarm.
    pub(super) fn count(&self) -> usize {
        self.by_name.len()
    }

    /// Objects that hold `rows`, each by class and name.
    pub(super) fn of(rows: Vec<(String, String, Object)>) -> Self {
        let known =
            |(class, name, object): (String, String, Object)| Some(((Class::parse(&class)?, name), object));
        Self { by_name: rows.into_iter().filter_map(known).collect(), ..Self::default() }
    }

    /// What is stored.
    pub(super) fn rows(&self) -> Vec<(String, String, Object)> {
        let row = |((class, name), object): (&(Class, String), &Object)| {
            (class.name().to_owned(), name.clone(), object.clone())
        };
        self.by_name.iter().map(row).collect()
    }

    /// Everything stored, as text.
    pub(super) fn dump(&self) -> String {
        format!("{:?}", self.by_name)
    }
}

/// Carries out `command`, and computes what it needs.
fn carry_out(
    class: Class,
    object: &Object,
    (now, entropy): (Timestamp, &impl Entropy),
    command: &str,
    busy: bool,
) -> Result<(String, Changes), ServerError> {
    let mut computed = None;
    for _ in 0..=MOST_ORDERS {
        let (answer, changes) = handle(class, object, now, entropy, command, computed)?;
        let order = match answer {
            Answer::Reply(reply) => return Ok((reply, changes)),
            Answer::Order(order) => order,
        };
        computed = Some(if busy { Computed::Busy } else { passwords::compute(order) });
    }
    Err(ServerError::internal("an object orders without end"))
}

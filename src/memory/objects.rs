//! Objects in memory: rows by class and name. They count their calls and writes, and can fail before or after a commit. `world`
//! has one set of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::crypto;
use super::world::FailAt;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::{Answer, Changes, Class, Computed, MOST_ORDERS, Order, Rows, Setting, handle};
use crate::protocol::passwords;

/// One object: its rows, and the time at which its alarm rings. It is changed in whole commits only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    rows: BTreeMap<String, String>,
    alarm: Option<Timestamp>,
    #[serde(skip)]
    notes: BTreeMap<String, String>,
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

    fn recall(&self, key: &str) -> Option<String> {
        self.notes.get(key).cloned()
    }
}

impl Object {
    /// Writes the changes of a command. The alarm is set if it has to ring earlier than it would. Returns how much was written.
    pub fn commit(&mut self, changes: Changes) -> Written {
        let mut written = Written::default();
        if let Some(at) = changes.alarm
            && self.alarm.is_none_or(|known| at < known)
        {
            self.alarm = Some(at);
            written.alarms += 1;
        }
        for (key, value) in changes.writes {
            written.rows += 1;
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        self.notes.extend(changes.notes);
        written
    }

    /// What is stored, by key.
    pub const fn rows(&self) -> &BTreeMap<String, String> {
        &self.rows
    }

    /// Writes a row directly, without a command.
    pub fn put(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.rows.insert(key.into(), value.into());
    }

    /// Forgets the notes, as if the platform had put the object away in between.
    pub fn put_away(&mut self) {
        self.notes.clear();
    }

    /// When the object's alarm rings, if it is set.
    pub const fn alarm(&self) -> Option<Timestamp> {
        self.alarm
    }

    /// Takes the alarm off, as the platform does when it rings. Returns the time that it was set to.
    pub fn take_alarm(&mut self) -> Option<Timestamp> {
        self.alarm.take()
    }

    /// Whether the object has neither rows nor an alarm.
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.alarm.is_none()
    }
}

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// The number of rows written and deleted.
    pub rows: u64,
    /// The number of times that an alarm was set. The platform counts each as a row.
    pub alarms: u64,
}

/// All objects of a world, by class and name.
#[derive(Debug, Default)]
pub(super) struct Objects {
    by_name: BTreeMap<(Class, String), Object>,
    /// The number of calls so far.
    pub(super) calls: u64,
    /// Everything that was written so far.
    pub(super) written: Written,
    /// Whether objects refuse to compute anything at the moment.
    pub(super) busy: bool,
    /// Makes a call fail: after so many calls that don't, and in this way.
    pub(super) fail_after: Option<(u64, FailAt)>,
}

impl Objects {
    /// Carries out `command` on one object. All of its writes are made, or none.
    pub(super) fn call<E: Entropy>(
        &mut self,
        (class, name): (Class, &str),
        setting: &Setting<'_, E>,
        command: &str,
    ) -> Result<String, ServerError> {
        self.calls += 1;
        let failure = self.failure();
        let failed = || Err(ServerError::unavailable("the object was told to fail"));
        if failure == Some(FailAt::BeforeCommit) {
            return failed();
        }
        let key = (class, name.to_owned());
        let untouched = Object::default();
        let object = self.by_name.get(&key).unwrap_or(&untouched);
        let (reply, changes) = carry_out(class, object, setting, command, self.busy)?;
        if changes != Changes::default() {
            let written = self.by_name.entry(key).or_default().commit(changes);
            self.written.rows += written.rows;
            self.written.alarms += written.alarms;
        }
        // An object without rows is forgotten, as in `edge/objects.mjs`.
        self.by_name.retain(|known, object| *known != (class, name.to_owned()) || !object.is_empty());
        if failure == Some(FailAt::AfterCommit) { failed() } else { Ok(reply) }
    }

    /// How the present call fails, if it has to.
    fn failure(&mut self) -> Option<FailAt> {
        match self.fail_after.take()? {
            (0, at) => Some(at),
            (calls, at) => {
                self.fail_after = Some((calls - 1, at));
                None
            }
        }
    }

    /// Returns the objects whose alarm is due, and takes their alarms off.
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

    /// Changes every row, as if another release had written it.
    pub(super) fn rewrite(&mut self, change: &impl Fn(&str) -> String) {
        for json in self.by_name.values_mut().flat_map(|object| object.rows.values_mut()) {
            *json = change(json);
        }
    }

    /// The number of objects that hold rows or wait for their alarm.
    pub(super) fn count(&self) -> usize {
        self.by_name.len()
    }

    /// Makes the objects of `rows`: each with its class and its name.
    pub(super) fn of(rows: Vec<(String, String, Object)>) -> Self {
        let known =
            |(class, name, object): (String, String, Object)| Some(((Class::parse(&class)?, name), object));
        Self { by_name: rows.into_iter().filter_map(known).collect(), ..Self::default() }
    }

    /// All objects, each with its class and its name.
    pub(super) fn rows(&self) -> Vec<(String, String, Object)> {
        let row = |((class, name), object): (&(Class, String), &Object)| {
            (class.name().to_owned(), name.clone(), object.clone())
        };
        self.by_name.iter().map(row).collect()
    }

    /// The object of kind `class` called `name`, if it exists.
    pub(super) fn get(&self, class: Class, name: &str) -> Option<&Object> {
        self.by_name.get(&(class, name.to_owned()))
    }

    /// Everything that is stored, as text: a line for each row.
    pub(super) fn dump(&self) -> String {
        let rows = self.by_name.iter().flat_map(|((class, name), object)| {
            let row =
                move |(key, value): (&String, &String)| format!("{class:?} {name} ({key:?}, {value:?})\n");
            object.rows.iter().map(row)
        });
        rows.collect()
    }
}

/// Carries out `command`, and computes what it orders.
fn carry_out<E: Entropy>(
    class: Class,
    object: &Object,
    setting: &Setting<'_, E>,
    command: &str,
    busy: bool,
) -> Result<(String, Changes), ServerError> {
    let mut computed = None;
    for _ in 0..=MOST_ORDERS {
        let (answer, changes) = handle(class, object, setting, command, computed)?;
        computed = Some(match answer {
            Answer::Reply(reply) => return Ok((reply, changes)),
            Answer::Order(Order::Password(_)) if busy => Computed::Password(passwords::Computed::Busy),
            Answer::Order(order) => compute(order, setting.entropy)?,
        });
    }
    Err(ServerError::internal("an object orders without end"))
}

fn compute(order: Order, entropy: &impl Entropy) -> Result<Computed, ServerError> {
    match order {
        Order::Password(order) => Ok(Computed::Password(passwords::compute(order))),
        Order::Keys(algs) => {
            let keys = algs.into_iter().map(|alg| crypto::generate_key(alg, entropy));
            keys.collect::<Result<_, _>>().map(Computed::Keys)
        }
    }
}

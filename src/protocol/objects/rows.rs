//! An object's rows, each a JSON text under a key, and the changes that one command makes to them. Every kind of object reads and
//! writes through a [`Transaction`]; `edge` and `memory` implement [`Rows`] and commit the [`Changes`].

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::time::Timestamp;

/// The number of rows that [`Transaction::all`] reads at once.
const PAGE: u32 = 1000;

/// Read access to an object's rows.
pub trait Rows {
    /// Reads the row under `key`; `None` if there is none.
    ///
    /// # Errors
    /// If the storage fails.
    fn read(&self, key: &str) -> Result<Option<String>, ServerError>;

    /// Reads up to `limit` rows whose keys start with `prefix` and come after `after`, in the order of their keys.
    ///
    /// # Errors
    /// If the storage fails.
    fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, String)>, ServerError>;

    /// The note under `key`, if the object has made one and was not put away since.
    fn recall(&self, key: &str) -> Option<String>;
}

/// What a command makes change, in one commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The rows to write; a row without a value is deleted. Each key comes once.
    pub writes: BTreeMap<String, Option<String>>,
    /// The notes to keep in memory for as long as the object is there. They cost no row, and may be lost at any time.
    pub notes: BTreeMap<String, String>,
    /// The time at which the object's alarm has to ring, or earlier.
    pub alarm: Option<Timestamp>,
}

/// An object's rows with the changes that the present command has made so far.
pub struct Transaction<'a, R> {
    rows: &'a R,
    changes: Changes,
}

impl<'a, R: Rows> Transaction<'a, R> {
    pub(super) fn new(rows: &'a R) -> Self {
        Self { rows, changes: Changes::default() }
    }

    pub(super) fn finish(self) -> Changes {
        self.changes
    }

    /// Reads a row, with the changes made so far; `None` if there is none.
    ///
    /// # Errors
    /// If the storage fails or the row is unreadable.
    pub fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ServerError> {
        match self.changes.writes.get(key) {
            Some(staged) => staged.as_deref().map(parse).transpose(),
            None => self.rows.read(key)?.as_deref().map(parse).transpose(),
        }
    }

    /// Reads up to `limit` rows whose keys start with `prefix` and come after `after`, which is a key without the prefix. Keys
    /// are returned without the prefix.
    ///
    /// # Errors
    /// If the storage fails or a row is unreadable.
    pub fn list<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(String, T)>, ServerError> {
        let after = after.map(|after| format!("{prefix}{after}"));
        let mut found = BTreeMap::new();
        // As many more are read as may have been deleted, so that what is left is enough.
        let deleted = self.changes.writes.range(prefix.to_owned()..);
        let deleted =
            deleted.take_while(|(key, _)| key.starts_with(prefix)).filter(|(_, value)| value.is_none());
        let most = limit.saturating_add(u32::try_from(deleted.count()).unwrap_or(u32::MAX));
        found.extend(self.rows.list(prefix, after.as_deref(), most)?);
        let mut found = self.staged(prefix, after.as_deref(), found);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        parse_all(prefix, found)
    }

    /// Reads all rows whose keys start with `prefix`. Keys are returned without it. Use it only where the number of rows is
    /// bounded.
    ///
    /// # Errors
    /// If the storage fails or a row is unreadable.
    pub fn all<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<(String, T)>, ServerError> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        loop {
            let after = found.last_key_value().map(|(key, _)| key.as_str());
            let page = self.rows.list(prefix, after, PAGE)?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            found.extend(page);
            if is_last {
                return parse_all(prefix, self.staged(prefix, None, found));
            }
        }
    }

    /// Adds the changes made so far to the rows `found`, in the order of keys.
    fn staged(
        &self,
        prefix: &str,
        after: Option<&str>,
        mut found: BTreeMap<String, String>,
    ) -> Vec<(String, String)> {
        let staged = self.changes.writes.range(prefix.to_owned()..);
        for (key, value) in staged.take_while(|(key, _)| key.starts_with(prefix)) {
            match value {
                Some(value) if after.is_none_or(|after| key.as_str() > after) => {
                    found.insert(key.clone(), value.clone())
                }
                _ => found.remove(key),
            };
        }
        found.into_iter().collect()
    }

    /// Writes a row, or overwrites it.
    ///
    /// # Errors
    /// Ours only: `value` is no JSON.
    pub fn write<T: Serialize>(&mut self, key: impl Into<String>, value: &T) -> Result<(), ServerError> {
        let json = to_json(value)?;
        self.changes.writes.insert(key.into(), Some(json));
        Ok(())
    }

    /// Deletes a row, if there is one.
    pub fn delete(&mut self, key: impl Into<String>) {
        self.changes.writes.insert(key.into(), None);
    }

    /// Makes a note, which costs no row: only the object's memory keeps it, until the platform puts the object away.
    ///
    /// # Errors
    /// Ours only: `value` is no JSON.
    pub fn note<T: Serialize>(&mut self, key: &str, value: &T) -> Result<(), ServerError> {
        self.changes.notes.insert(key.to_owned(), to_json(value)?);
        Ok(())
    }

    /// Reads a note that an earlier command has made; `None` if there is none, or none that can be read.
    pub fn recall<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        json::from_str(&self.rows.recall(key)?).ok()
    }

    /// Makes the alarm ring at `at` or earlier.
    pub fn wake(&mut self, at: Timestamp) {
        self.changes.alarm = Some(self.changes.alarm.map_or(at, |known| known.min(at)));
    }
}

fn parse_all<T: DeserializeOwned>(
    prefix: &str,
    rows: Vec<(String, String)>,
) -> Result<Vec<(String, T)>, ServerError> {
    rows.into_iter()
        .map(|(key, json)| Ok((key.get(prefix.len()..).unwrap_or_default().to_owned(), parse(&json)?)))
        .collect()
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, ServerError> {
    json::from_str(json).map_err(|error| ServerError::internal(format!("a row is unreadable: {error}")))
}

//! The Control object's storage in memory. It counts rows and can fail before or after a commit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::world::FailAt;
use crate::protocol::http::error::ServerError;
use crate::protocol::objects::control::{Store, Urgency};

/// Rows in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: Rows,
    /// Rows written so far, outbox included.
    pub rows_written: u64,
    /// Makes the next transaction fail.
    pub fail_next: Option<FailAt>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Rows {
    head: Option<String>,
    clients: BTreeMap<String, String>,
    #[serde(skip)]
    outbox: BTreeMap<String, Urgency>,
}

impl MemoryStore {
    /// Takes the next names to publish, `limit` at most.
    pub fn take_outbox(&mut self, limit: usize) -> Vec<String> {
        let mut names: Vec<_> = std::mem::take(&mut self.rows.outbox).into_iter().collect();
        names.sort_by_key(|(_, urgency)| std::cmp::Reverse(*urgency));
        self.rows.outbox = names.split_off(limit.min(names.len())).into_iter().collect();
        names.into_iter().map(|(name, _)| name).collect()
    }

    /// Changes every row, as one written by another release.
    pub fn rewrite(&mut self, change: &impl Fn(&str) -> String) {
        for json in self.rows.head.iter_mut().chain(self.rows.clients.values_mut()) {
            *json = change(json);
        }
    }

    /// A store that holds `rows`.
    pub(super) fn of(rows: Rows) -> Self {
        Self { rows, ..Self::default() }
    }

    /// What is stored.
    pub(super) fn rows(&self) -> Rows {
        self.rows.clone()
    }

    /// Everything stored, as text, for tests that look for secrets in it.
    pub fn dump(&self) -> String {
        format!("{:?}", self.rows)
    }
}

impl Store for MemoryStore {
    fn transaction<T, F: From<ServerError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, F>,
    ) -> Result<T, F> {
        let before = (self.rows.clone(), self.rows_written);
        let failure = self.fail_next.take();
        let result = work(self);
        if result.is_err() || failure == Some(FailAt::BeforeCommit) {
            (self.rows, self.rows_written) = before;
        }
        match failure {
            Some(_) => Err(ServerError::unavailable("the store was told to fail").into()),
            None => result,
        }
    }

    fn head(&self) -> Result<Option<String>, ServerError> {
        Ok(self.rows.head.clone())
    }

    fn put_head(&mut self, json: &str) -> Result<(), ServerError> {
        self.rows.head = Some(json.to_owned());
        self.rows_written += 1;
        Ok(())
    }

    fn client(&self, client_id: &str) -> Result<Option<String>, ServerError> {
        Ok(self.rows.clients.get(client_id).cloned())
    }

    fn clients(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>, ServerError> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let rows = self.rows.clients.range::<str, _>((from, Unbounded)).map(|(_, json)| json.clone());
        Ok(rows.take(usize::try_from(limit).unwrap_or_default()).collect())
    }

    fn put_client(&mut self, client_id: &str, json: &str) -> Result<(), ServerError> {
        self.rows.clients.insert(client_id.to_owned(), json.to_owned());
        self.rows_written += 1;
        Ok(())
    }

    fn delete_client(&mut self, client_id: &str) -> Result<(), ServerError> {
        self.rows.clients.remove(client_id);
        self.rows_written += 1;
        Ok(())
    }

    fn enqueue(&mut self, name: &str, urgency: Urgency) -> Result<(), ServerError> {
        let known = self.rows.outbox.get(name).copied();
        self.rows_written += u64::from(known.is_none());
        self.rows.outbox.insert(name.to_owned(), known.map_or(urgency, |known| known.max(urgency)));
        Ok(())
    }
}

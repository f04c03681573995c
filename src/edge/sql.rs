//! The Control object's storage: SQLite in a Durable Object. Only `exec` and `raw` are used: they report errors instead
//! of aborting the instance.

use wasm_bindgen::{JsCast as _, JsValue};
use worker::{SqlStorage, SqlStorageValue, Storage};

use super::js::{SyncStorage, failed};
use crate::protocol::http::error::ServerError;
use crate::protocol::objects::control::{Store, Urgency};

/// Version of the tables below.
const SCHEMA: i64 = 1;

/// The tables. `WITHOUT ROWID`: a row is one write, not two. `seq` counts the changes of a name, and is negative where one of
/// them may take something away: a column of its own would keep an earlier release from opening the tables.
const TABLES: [&str; 4] = [
    "CREATE TABLE schema (version INTEGER PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE head (id INTEGER PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE client (id TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE outbox (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
];

/// The rows of one Control object.
pub(super) struct SqlStore {
    sql: SqlStorage,
    storage: SyncStorage,
}

/// A name to publish, and which of its changes that is.
pub(super) struct Pending {
    pub(super) name: String,
    seq: i64,
}

impl SqlStore {
    /// Opens the storage and makes the tables if there are none.
    pub(super) fn open(storage: &Storage) -> Result<Self, ServerError> {
        let raw: JsValue = storage.as_raw().into();
        let mut store = Self { sql: storage.sql(), storage: raw.unchecked_into() };
        let tables = store.rows("SELECT name FROM sqlite_master WHERE name = 'schema'", vec![])?;
        if tables.is_empty() {
            store.transaction(|store| {
                for table in TABLES {
                    store.run(table, vec![])?;
                }
                store.run("INSERT INTO schema VALUES (?)", vec![SqlStorageValue::Integer(SCHEMA)])
            })?;
        }
        match integer(&store.rows("SELECT version FROM schema", vec![])?) {
            Some(SCHEMA) => Ok(store),
            version => Err(ServerError::internal(format!(
                "the tables have version {version:?}, this code knows {SCHEMA}"
            ))),
        }
    }

    /// Some names to publish. What may take something away goes first, if there are many.
    pub(super) fn pending(&self, limit: i64) -> Result<Vec<Pending>, ServerError> {
        let query = "SELECT name, seq FROM outbox ORDER BY seq > 0, name LIMIT ?";
        let rows = self.rows(query, vec![SqlStorageValue::Integer(limit)])?;
        let pending = rows.into_iter().filter_map(|row| match row.as_slice() {
            [SqlStorageValue::String(name), seq] => {
                Some(Pending { name: name.clone(), seq: as_integer(seq)? })
            }
            _ => None,
        });
        Ok(pending.collect())
    }

    /// Whether anything is to be published.
    pub(super) fn has_pending(&self) -> Result<bool, ServerError> {
        Ok(!self.rows("SELECT 1 FROM outbox LIMIT 1", vec![])?.is_empty())
    }

    /// Takes a published name out, unless it changed again meanwhile.
    pub(super) fn published(&mut self, pending: Pending) -> Result<(), ServerError> {
        let Pending { name, seq } = pending;
        let bindings = vec![SqlStorageValue::String(name), SqlStorageValue::Integer(seq)];
        self.run("DELETE FROM outbox WHERE name = ? AND seq = ?", bindings)
    }

    fn run(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<(), ServerError> {
        self.sql.exec(query, bindings).map(drop).map_err(failed)
    }

    fn rows(
        &self,
        query: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<Vec<SqlStorageValue>>, ServerError> {
        let cursor = self.sql.exec(query, bindings).map_err(failed)?;
        cursor.raw().collect::<Result<Vec<_>, _>>().map_err(failed)
    }

    fn texts(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<String>, ServerError> {
        let rows = self.rows(query, bindings)?;
        let texts = rows.into_iter().filter_map(|row| match row.into_iter().next() {
            Some(SqlStorageValue::String(text)) => Some(text),
            _ => None,
        });
        Ok(texts.collect())
    }
}

fn integer(rows: &[Vec<SqlStorageValue>]) -> Option<i64> {
    rows.first().and_then(|row| row.first()).and_then(as_integer)
}

fn as_integer(value: &SqlStorageValue) -> Option<i64> {
    match value {
        SqlStorageValue::Integer(number) => Some(*number),
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "SQLite integers come as doubles; `as` saturates"
        )]
        SqlStorageValue::Float(number) => Some(*number as i64),
        _ => None,
    }
}

fn text(value: &str) -> SqlStorageValue {
    SqlStorageValue::String(value.to_owned())
}

impl Store for SqlStore {
    fn transaction<T, F: From<ServerError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, F>,
    ) -> Result<T, F> {
        // The closure reports through `result`; the exception it throws only makes SQLite roll back.
        let storage: SyncStorage = JsValue::from(&self.storage).unchecked_into();
        let mut result: Option<Result<T, F>> = None;
        let mut work = Some(work);
        let committed = storage.transaction_sync(&mut || {
            let done = work.take().map(|work| work(self));
            let failed = matches!(done, None | Some(Err(_)));
            result = done;
            if failed { Err(JsValue::from_str("rolled back")) } else { Ok(JsValue::UNDEFINED) }
        });
        match (result, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(_)) => Ok(value),
            (_, Err(error)) => Err(failed(error).into()),
            (None, Ok(_)) => Err(ServerError::internal("the transaction did not run").into()),
        }
    }

    fn head(&self) -> Result<Option<String>, ServerError> {
        Ok(self.texts("SELECT json FROM head WHERE id = 1", vec![])?.pop())
    }

    fn put_head(&mut self, json: &str) -> Result<(), ServerError> {
        self.run("INSERT OR REPLACE INTO head VALUES (1, ?)", vec![text(json)])
    }

    fn client(&self, client_id: &str) -> Result<Option<String>, ServerError> {
        Ok(self.texts("SELECT json FROM client WHERE id = ?", vec![text(client_id)])?.pop())
    }

    fn clients(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>, ServerError> {
        let query = "SELECT json FROM client WHERE id > ? ORDER BY id LIMIT ?";
        self.texts(query, vec![text(after.unwrap_or_default()), SqlStorageValue::Integer(i64::from(limit))])
    }

    fn put_client(&mut self, client_id: &str, json: &str) -> Result<(), ServerError> {
        self.run("INSERT OR REPLACE INTO client VALUES (?, ?)", vec![text(client_id), text(json)])
    }

    fn delete_client(&mut self, client_id: &str) -> Result<(), ServerError> {
        self.run("DELETE FROM client WHERE id = ?", vec![text(client_id)])
    }

    fn enqueue(&mut self, name: &str, urgency: Urgency) -> Result<(), ServerError> {
        let sign = match urgency {
            Urgency::TakesAway => -1,
            Urgency::Gives => 1,
        };
        let query = "INSERT INTO outbox VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET seq = iif(seq < 0 OR ?2 < 0, -abs(seq) - 1, seq + 1)";
        self.run(query, vec![text(name), SqlStorageValue::Integer(sign)])
    }
}

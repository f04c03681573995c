//! What the Control object needs from its storage: a few rows, in transactions.

use crate::protocol::http::error::ServerError;

/// Which of many changes is published first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It only gives: whoever misses it asks the object.
    Gives,
    /// It may take something away, which goes on working until edges know.
    TakesAway,
}

/// Storage of one Control object. All methods are synchronous; only [`Store::transaction`] makes them atomic.
pub trait Store {
    /// Runs `work` in a transaction: an `Err` rolls everything back.
    ///
    /// # Errors
    /// What `work` fails with, or a failure to commit.
    fn transaction<T, F: From<ServerError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, F>,
    ) -> Result<T, F>;

    /// The head row: settings, resources, keys and versions.
    ///
    /// # Errors
    /// If the storage fails; so for all that follow.
    fn head(&self) -> Result<Option<String>, ServerError>;

    /// Writes the head row.
    ///
    /// # Errors
    /// If the storage fails.
    fn put_head(&mut self, json: &str) -> Result<(), ServerError>;

    /// One client.
    ///
    /// # Errors
    /// If the storage fails.
    fn client(&self, client_id: &str) -> Result<Option<String>, ServerError>;

    /// Up to `limit` clients with ids after `after`, in the order of their ids.
    ///
    /// # Errors
    /// If the storage fails.
    fn clients(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>, ServerError>;

    /// Writes a client.
    ///
    /// # Errors
    /// If the storage fails.
    fn put_client(&mut self, client_id: &str, json: &str) -> Result<(), ServerError>;

    /// Deletes a client.
    ///
    /// # Errors
    /// If the storage fails.
    fn delete_client(&mut self, client_id: &str) -> Result<(), ServerError>;

    /// Marks the snapshot `name` for publication. A mark that is there already never gets less urgent.
    ///
    /// # Errors
    /// If the storage fails.
    fn enqueue(&mut self, name: &str, urgency: Urgency) -> Result<(), ServerError>;
}

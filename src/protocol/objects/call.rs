//! Calls from the server to objects, with types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Class, directory, ephemeral, replay, subject};
use crate::protocol::error::ServerError;
use crate::protocol::json;
use crate::protocol::ports::Platform;
use crate::protocol::server::Server;
use crate::protocol::subject::UserId;
use crate::protocol::time::Timestamp;

impl<P: Platform> Server<P> {
    /// Has a person's object carry out `command`.
    pub(crate) async fn subject(
        &self,
        owner: UserId,
        command: &subject::Command,
        now: Timestamp,
    ) -> Result<subject::Reply, ServerError> {
        let name = owner.object_name(&self.names(now).await?.derived);
        self.call(Class::Subject, &name, command).await
    }

    /// Has the directory shard `name` carry out `command`.
    pub(crate) async fn shard(
        &self,
        name: &str,
        command: &directory::Command,
    ) -> Result<directory::Reply, ServerError> {
        self.call(Class::Directory, name, command).await
    }

    /// Has the pushed request's object carry out `command`.
    pub(crate) async fn ephemeral(
        &self,
        name: &str,
        command: &ephemeral::Command,
    ) -> Result<ephemeral::Reply, ServerError> {
        self.call(Class::Ephemeral, name, command).await
    }

    /// Has the object `name` that remembers used tokens carry out `command`.
    pub(crate) async fn replay(
        &self,
        name: &str,
        command: &replay::Command,
    ) -> Result<replay::Reply, ServerError> {
        self.call(Class::Replay, name, command).await
    }

    async fn call<C: Serialize, R: DeserializeOwned>(
        &self,
        class: Class,
        name: &str,
        command: &C,
    ) -> Result<R, ServerError> {
        let command =
            serde_json::to_string(command).map_err(|error| ServerError::internal(error.to_string()))?;
        let reply = self.platform.object(class, name, &command).await?;
        json::from_str(&reply)
            .map_err(|error| ServerError::internal(format!("an object's answer is unreadable: {error}")))
    }
}

//! Typed calls of the objects in `crate::protocol::objects`: a command goes out as JSON, and the reply comes back as a value. The
//! Control object has a method of its own in `ports`. Grants, pages and the admin API call this.

use crate::protocol::codec::encoding::base64url;
use crate::protocol::keys::derived::{Derived, mac};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Server;
use super::ports::Platform;
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::Class;
use crate::protocol::objects::directory;
use crate::protocol::objects::ephemeral;
use crate::protocol::objects::polling;
use crate::protocol::objects::replay;
use crate::protocol::objects::subject;

impl<P: Platform> Server<P> {
    /// Has the object of the user `owner` carry out `command`.
    pub(crate) async fn subject(
        &self,
        owner: UserId,
        command: &subject::SubjectCommand,
        now: Timestamp,
    ) -> Result<subject::SubjectReply, ServerError> {
        let name = owner.object_name(&self.names(now).await?.derived);
        self.call(Class::Subject, &name, command).await
    }

    /// Has the directory shard `name` carry out `command`.
    pub(crate) async fn shard(
        &self,
        name: &str,
        command: &directory::DirectoryCommand,
    ) -> Result<directory::DirectoryReply, ServerError> {
        self.call(Class::Directory, name, command).await
    }

    /// Has the object `name`, which holds a pushed authorization request, carry out `command`.
    pub(crate) async fn ephemeral(
        &self,
        name: &str,
        command: &ephemeral::EphemeralCommand,
    ) -> Result<ephemeral::EphemeralReply, ServerError> {
        self.call(Class::Ephemeral, name, command).await
    }

    /// Has the object `name`, which holds a question that waits for a person, carry out `command`.
    pub(crate) async fn polling(
        &self,
        name: &str,
        command: polling::PollingCommand,
    ) -> Result<polling::PollingReply, ServerError> {
        self.call(Class::Ephemeral, name, &ephemeral::EphemeralCommand::Polling(command)).await
    }

    /// Has the object `name`, which remembers one-time tokens that were used, carry out `command`.
    pub(crate) async fn replay(
        &self,
        name: &str,
        command: &replay::ReplayCommand,
    ) -> Result<replay::ReplayReply, ServerError> {
        self.call(Class::Replay, name, command).await
    }

    async fn call<C: Serialize, R: DeserializeOwned>(
        &self,
        class: Class,
        name: &str,
        command: &C,
    ) -> Result<R, ServerError> {
        let command = to_json(command)?;
        let reply = self.platform.object(class, name, &command).await?;
        json::from_str(&reply)
            .map_err(|error| ServerError::internal(format!("an object's answer is unreadable: {error}")))
    }
}

impl UserId {
    /// The name of the object that holds everything of this user.
    pub fn object_name(&self, derived: &Derived) -> String {
        base64url(&mac(&derived.routing, &[b"subject", self.bytes()]))
    }
}

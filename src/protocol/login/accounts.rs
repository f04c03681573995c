//! Accounts: making, finding, changing and removing them.
//!
//! The directory and the user's object are two objects, so every operation is written to be repeated after one that was cut off:
//! an identifier is claimed before it is used, and one whose account never came to be, or is gone, is taken over. The `sub` it
//! stood for is buried first: whoever knows it must never meet another user under it. The pages and the admin API call it.

use serde_json::{Map, Value};

use super::Identifier;
use super::link;
use super::link::LinkToken;
use crate::protocol::http::error::ServerError;
use crate::protocol::model::id::Id;
use crate::protocol::model::time::Timestamp;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::directory::{DirectoryCommand, DirectoryReply};
use crate::protocol::objects::subject::{Change, Link, SubjectCommand, SubjectReply, User};
use crate::protocol::passwords::PasswordHash;
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;

/// The account that is to be made.
#[derive(Debug, Default)]
pub(crate) struct NewAccount {
    pub(crate) login: String,
    pub(crate) claims: Map<String, Value>,
    pub(crate) password: Option<PasswordHash>,
}

/// The result of making or changing an account.
#[derive(Debug)]
#[must_use]
pub(crate) enum Made {
    /// The account as it is now.
    User(Box<User>),
    /// Somebody else has the identifier.
    Taken,
    /// The text can't be a login identifier.
    Malformed,
}

impl<P: Platform> Server<P> {
    /// Makes an account.
    pub(crate) async fn make_account(&self, new: NewAccount, now: Timestamp) -> Result<Made, ServerError> {
        let Some(identifier) = Identifier::for_account(&self.platform, &new.login) else {
            return Ok(Made::Malformed);
        };
        let owner = UserId::generate(&self.platform);
        if !self.claim(&identifier, owner, now).await? {
            return Ok(Made::Taken);
        }
        let user = User {
            id: owner,
            login: identifier.as_str().to_owned(),
            claims: new.claims,
            password: new.password,
            password_epoch: Some(Id::generate(&self.platform)),
            link: None,
            enabled: true,
            created_at: now,
            updated_at: now,
        };
        match self.subject(owner, &SubjectCommand::Create(Box::new(user)), now).await? {
            SubjectReply::User(user) => Ok(Made::User(user)),
            // Somebody who wanted the same identifier came in between.
            SubjectReply::Exists => Ok(Made::Taken),
            _ => Err(unexpected()),
        }
    }

    /// Finds an account by `sub` or by login identifier.
    pub(crate) async fn find_account(&self, name: &str, now: Timestamp) -> Result<Option<User>, ServerError> {
        match self.owner_of(name, now).await? {
            Some(owner) => self.account(owner, now).await,
            None => Ok(None),
        }
    }

    /// Changes an account. A new identifier is claimed, then the old one released, then the account changed: cut off
    /// anywhere, the same change asked for again finishes it. `None` if there is no such account any more.
    pub(crate) async fn change_account(
        &self,
        user: &User,
        mut change: Change,
        now: Timestamp,
    ) -> Result<Option<Made>, ServerError> {
        if let Some(login) = &mut change.login {
            let Some(identifier) = Identifier::for_account(&self.platform, login) else {
                return Ok(Some(Made::Malformed));
            };
            identifier.as_str().clone_into(login);
            if !self.claim(&identifier, user.id, now).await? {
                return Ok(Some(Made::Taken));
            }
            if let Some(old) = Identifier::parse(&user.login).filter(|old| *old != identifier) {
                self.release(&old, user.id, now).await?;
            }
        }
        match self.subject(user.id, &SubjectCommand::Change(Box::new(change)), now).await? {
            SubjectReply::User(user) => Ok(Some(Made::User(user))),
            _ => Ok(None),
        }
    }

    /// Makes a link that lets somebody set their password once, within `lifetime` seconds; an earlier one ends. It works for
    /// somebody who has become an administrator only if it is `for_administrators`. Returns the account and the link's URL, which can't be had again.
    pub(crate) async fn make_link(
        &self,
        owner: UserId,
        (lifetime, for_administrators): (u64, bool),
        now: Timestamp,
    ) -> Result<Option<(User, String)>, ServerError> {
        let keyring = self.any_keyring(now).await?;
        let (text, token) = LinkToken::make(&keyring.derived, owner, &self.platform);
        let link = Link { sha256: token.sha256, expires_at: now.plus(lifetime), for_administrators };
        let change = Change { link: Some(link), ..Change::default() };
        match self.subject(owner, &SubjectCommand::Change(Box::new(change)), now).await? {
            SubjectReply::User(user) => {
                Ok(Some((*user, self.issuer.endpoint(&format!("{}?token={text}", link::PAGE)))))
            }
            _ => Ok(None),
        }
    }

    /// Deletes an account and everything with it; the identifier is free afterward. Returns the identifier; `None` if
    /// there was nothing to delete: one without an account counts, it is what an earlier attempt may have left.
    pub(crate) async fn delete_account(
        &self,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Identifier>, ServerError> {
        let Some(owner) = self.owner_of(name, now).await? else { return Ok(None) };
        let user = self.account(owner, now).await?;
        let named = self.identifier(name, now).await?.filter(|_| UserId::parse(name).is_none());
        if user.is_none() && named.is_none() {
            return Ok(None);
        }
        self.subject(owner, &SubjectCommand::Delete, now).await?;
        let login = user.and_then(|user| Identifier::parse(&user.login));
        for identifier in login.iter().chain(named.iter().filter(|named| Some(*named) != login.as_ref())) {
            self.release(identifier, owner, now).await?;
        }
        Ok(login.or(named))
    }

    async fn account(&self, owner: UserId, now: Timestamp) -> Result<Option<User>, ServerError> {
        match self.subject(owner, &SubjectCommand::User, now).await? {
            SubjectReply::User(user) => Ok(Some(*user)),
            _ => Ok(None),
        }
    }

    async fn owner_of(&self, name: &str, now: Timestamp) -> Result<Option<UserId>, ServerError> {
        if let Some(owner) = UserId::parse(name) {
            return Ok(Some(owner));
        }
        let Some(identifier) = self.identifier(name, now).await? else { return Ok(None) };
        self.holder_of(&identifier, now).await
    }

    /// The user that the directory has for `identifier`.
    pub(crate) async fn holder_of(
        &self,
        identifier: &Identifier,
        now: Timestamp,
    ) -> Result<Option<UserId>, ServerError> {
        let keyring = self.any_keyring(now).await?;
        let find = DirectoryCommand::Find { login: identifier.key(&keyring.derived) };
        match self.shard(&identifier.shard(&keyring.derived), &find).await? {
            DirectoryReply::Owner(owner) => Ok(owner),
            _ => Err(unexpected()),
        }
    }

    /// What somebody typed, as the identifier of an account. Where the normal form is another one than an account of version 0.1.0
    /// would have, such an account comes first: it has to stay within reach.
    pub(crate) async fn identifier(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Identifier>, ServerError> {
        let normal = Identifier::normal(&self.platform, text);
        match Identifier::parse(text).filter(|old| Some(old) != normal.as_ref()) {
            Some(old) if self.holder_of(&old, now).await?.is_some() => Ok(Some(old)),
            _ => Ok(normal),
        }
    }

    /// Gives `identifier` to `owner`; false if somebody has it.
    async fn claim(
        &self,
        identifier: &Identifier,
        owner: UserId,
        now: Timestamp,
    ) -> Result<bool, ServerError> {
        let keyring = self.any_keyring(now).await?;
        let shard = identifier.shard(&keyring.derived);
        let (login, name) = (identifier.key(&keyring.derived), identifier.as_str().to_owned());
        let claim = DirectoryCommand::Claim { login, name, owner };
        let other = match self.shard(&shard, &claim).await? {
            DirectoryReply::Claimed => return Ok(true),
            DirectoryReply::Owner(Some(other)) => other,
            _ => return Err(unexpected()),
        };
        // Nobody has it, if there is no account under that `sub` and never will be.
        if let SubjectReply::Exists = self.subject(other, &SubjectCommand::Bury, now).await? {
            return Ok(false);
        }
        self.release(identifier, other, now).await?;
        Ok(matches!(self.shard(&shard, &claim).await?, DirectoryReply::Claimed))
    }

    async fn release(
        &self,
        identifier: &Identifier,
        owner: UserId,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        let keyring = self.any_keyring(now).await?;
        let release = DirectoryCommand::Release { login: identifier.key(&keyring.derived), owner };
        self.shard(&identifier.shard(&keyring.derived), &release).await.map(drop)
    }
}

fn unexpected() -> ServerError {
    ServerError::internal("an object gave another answer than asked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Memory, World};

    const NOW: Timestamp = Timestamp(1_800_000_000);

    /// An account as version 0.1.0 made it.
    async fn old_account(server: &Server<Memory>, login: &str) -> UserId {
        let identifier = Identifier::parse(login).expect("an identifier");
        let owner = UserId::generate(&server.platform);
        assert!(server.claim(&identifier, owner, NOW).await.expect("claimed"));
        let user = serde_json::json!({
            "id": owner, "login": identifier.as_str(), "enabled": true, "created_at": 0, "updated_at": 0,
        });
        let user = serde_json::from_value(user).expect("a user");
        server.subject(owner, &SubjectCommand::Create(Box::new(user)), NOW).await.expect("made");
        owner
    }

    #[test]
    fn an_account_from_before_identifiers_were_normalized_stays_within_reach() {
        let world = World::new("https://id.example.com").expect("an issuer");
        let server = world.isolate(None);
        pollster::block_on(async {
            for login in ["jose\u{301}", "\u{ff41}da", "ad\u{200b}a", "аdmin", "ada  lovelace"] {
                let owner = old_account(&server, login).await;
                let found = server.find_account(login, NOW).await.expect("an answer").expect("an account");
                assert_eq!(found.id, owner, "{login:?}");
            }
            // One in the normal form is another one, and both are found.
            let new = NewAccount { login: "ada".to_owned(), ..NewAccount::default() };
            let Made::User(ada) = server.make_account(new, NOW).await.expect("an answer") else {
                panic!("not made")
            };
            let found = server.find_account("ada", NOW).await.expect("an answer").expect("an account");
            assert_eq!(found.id, ada.id);
            assert!(server.delete_account("\u{ff41}da", NOW).await.expect("an answer").is_some());
            let found = server.find_account("\u{ff41}da", NOW).await.expect("an answer").expect("an account");
            assert_eq!(found.id, ada.id, "the old one is gone");
        });
    }
}

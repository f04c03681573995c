//! Accounts: making, finding and removing them. The directory and the person's object are two objects, so every step is
//! written to be repeated: an identifier is claimed first, and one whose account never came to be is taken over.

use serde_json::{Map, Value};

use super::error::ServerError;
use super::login::Identifier;
use super::objects::directory::{Command as DirectoryCommand, Reply as DirectoryReply};
use super::objects::subject::{Change, Command, PasswordHash, Reply, User};
use super::ports::Platform;
use super::server::Server;
use super::subject::UserId;
use super::time::Timestamp;

/// An account to make.
#[derive(Debug, Default)]
pub(crate) struct NewAccount {
    pub(crate) login: String,
    pub(crate) claims: Map<String, Value>,
    pub(crate) password: Option<PasswordHash>,
}

/// What came of it.
#[derive(Debug)]
#[must_use]
pub(crate) enum Made {
    /// The account.
    User(Box<User>),
    /// Somebody has the identifier.
    Taken,
    /// It can't be an identifier.
    Malformed,
}

impl<P: Platform> Server<P> {
    /// Makes an account.
    pub(crate) async fn make_account(&self, new: NewAccount, now: Timestamp) -> Result<Made, ServerError> {
        let Some(identifier) = Identifier::parse(&new.login) else { return Ok(Made::Malformed) };
        let keyring = self.any_keyring(now).await?;
        let (login, shard) = (identifier.key(&keyring.derived), identifier.shard(&keyring.derived));
        let mut owner = UserId::generate(&self.platform);
        let name = identifier.as_str().to_owned();
        let claim = |owner| DirectoryCommand::Claim { login: login.clone(), name: name.clone(), owner };
        match self.shard(&shard, &claim(owner)).await? {
            DirectoryReply::Claimed => {}
            DirectoryReply::Owner(Some(other)) => {
                // A claim without an account: an earlier attempt was cut off in between.
                if let Reply::User(_) = self.subject(other, &Command::User, now).await? {
                    return Ok(Made::Taken);
                }
                owner = other;
            }
            _ => return Err(unexpected()),
        }
        let user = User {
            id: owner,
            login: identifier.as_str().to_owned(),
            claims: new.claims,
            password: new.password,
            link: None,
            enabled: true,
            created_at: now,
            updated_at: now,
        };
        match self.subject(owner, &Command::Create(Box::new(user)), now).await? {
            Reply::User(user) => Ok(Made::User(user)),
            Reply::Exists => Ok(Made::Taken),
            _ => Err(unexpected()),
        }
    }

    /// Finds an account by `sub` or by login identifier.
    pub(crate) async fn find_account(&self, name: &str, now: Timestamp) -> Result<Option<User>, ServerError> {
        let owner = match UserId::parse(name) {
            Some(owner) => Some(owner),
            None => self.owner_of(name, now).await?,
        };
        let Some(owner) = owner else { return Ok(None) };
        match self.subject(owner, &Command::User, now).await? {
            Reply::User(user) => Ok(Some(*user)),
            _ => Ok(None),
        }
    }

    async fn owner_of(&self, name: &str, now: Timestamp) -> Result<Option<UserId>, ServerError> {
        let Some(identifier) = Identifier::parse(name) else { return Ok(None) };
        let keyring = self.any_keyring(now).await?;
        let find = DirectoryCommand::Find { login: identifier.key(&keyring.derived) };
        match self.shard(&identifier.shard(&keyring.derived), &find).await? {
            DirectoryReply::Owner(owner) => Ok(owner),
            _ => Err(unexpected()),
        }
    }

    /// Changes an account.
    pub(crate) async fn change_account(
        &self,
        owner: UserId,
        change: Change,
        now: Timestamp,
    ) -> Result<Option<User>, ServerError> {
        match self.subject(owner, &Command::Change(Box::new(change)), now).await? {
            Reply::User(user) => Ok(Some(*user)),
            _ => Ok(None),
        }
    }

    /// Deletes an account and everything with it. The identifier is free afterward.
    pub(crate) async fn delete_account(&self, user: &User, now: Timestamp) -> Result<(), ServerError> {
        self.subject(user.id, &Command::Delete, now).await?;
        let Some(identifier) = Identifier::parse(&user.login) else { return Ok(()) };
        let keyring = self.any_keyring(now).await?;
        let release = DirectoryCommand::Release { login: identifier.key(&keyring.derived), owner: user.id };
        self.shard(&identifier.shard(&keyring.derived), &release).await.map(drop)
    }
}

fn unexpected() -> ServerError {
    ServerError::internal("an object gave another answer than asked for")
}

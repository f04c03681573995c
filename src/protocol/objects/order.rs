//! Orders: what an object can't compute while it decides, because it takes too long or the platform has to be waited for.
//!
//! An object orders it and changes nothing. Its adapter in `edge` or `memory` computes what was ordered while the object goes on
//! serving others, and gives it the same command again with the result.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Class;
use crate::protocol::codec::json;
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::keys::keyring::KeyMaterial;
use crate::protocol::model::jwk::Alg;
use crate::protocol::passwords;

/// What has to be computed before a command can be carried out.
#[derive(Debug)]
pub enum Order {
    /// The hash of a password is needed.
    Password(passwords::Order),
    /// A key pair is needed for each of these algorithms.
    Keys(Vec<Alg>),
}

impl Order {
    /// Writes the order as text: its kind, and the order itself as JSON.
    ///
    /// # Errors
    /// Ours only: it can't be written.
    pub fn to_text(&self) -> Result<(&'static str, String), ServerError> {
        match self {
            Self::Password(order) => Ok(("password", write(order)?)),
            Self::Keys(algs) => Ok(("keys", write(algs)?)),
        }
    }
}

/// The result of an order.
#[derive(Debug)]
pub enum Computed {
    /// The result of [`Order::Password`].
    Password(passwords::Computed),
    /// The result of [`Order::Keys`]: one key pair for each algorithm.
    Keys(Vec<KeyMaterial>),
}

impl Computed {
    /// Reads the result of an order of an object of kind `class`, from JSON.
    ///
    /// # Errors
    /// If it is something else.
    pub fn parse(class: Class, json: &str) -> Result<Self, ServerError> {
        match class {
            Class::Control => read(json).map(Self::Keys),
            Class::Subject | Class::Directory | Class::Ephemeral | Class::Replay => {
                read(json).map(Self::Password)
            }
        }
    }

    pub(super) fn keys(computed: Option<Self>) -> Vec<KeyMaterial> {
        match computed {
            Some(Self::Keys(keys)) => keys,
            Some(Self::Password(_)) | None => Vec::new(),
        }
    }

    pub(super) fn password(computed: Option<Self>) -> Option<passwords::Computed> {
        match computed {
            Some(Self::Password(computed)) => Some(computed),
            Some(Self::Keys(_)) | None => None,
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ServerError> {
    json::from_str(text)
        .map_err(|error| ServerError::internal(format!("what was computed is unreadable: {error}")))
}

fn write<T: Serialize>(value: &T) -> Result<String, ServerError> {
    to_json(value)
}

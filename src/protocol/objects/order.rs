//! What an object can't compute while it decides: it takes too long, or the platform does it and has to be waited for.
//!
//! An object orders it and changes nothing. Its adapter computes what was ordered, while the object goes on serving others, and
//! gives it the same command again, with what was computed.

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
    /// A password's hash.
    Password(passwords::Order),
    /// A key pair for each of these algorithms.
    Keys(Vec<Alg>),
}

impl Order {
    /// Its kind, and it itself as JSON.
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

/// What came of an order.
#[derive(Debug)]
pub enum Computed {
    /// To [`Order::Password`].
    Password(passwords::Computed),
    /// To [`Order::Keys`], one of each algorithm.
    Keys(Vec<KeyMaterial>),
}

impl Computed {
    /// Reads what was computed for an object of kind `class`, from JSON.
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

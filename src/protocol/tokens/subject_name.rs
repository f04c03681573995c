//! The names by which clients know users: the `sub` and the `sid` that each client sees, public or pairwise (`OpenID Connect
//! Core` §8). Grants, logout and notices call it.

use crate::protocol::codec::encoding::base64url;
use crate::protocol::codec::uri::host_of;
use crate::protocol::config::{ClientConfig, SubjectType};
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::model::client::USER_SUBJECT_PREFIX;
use crate::protocol::model::id::Id;
use crate::protocol::model::user_id::UserId;

impl UserId {
    /// The `sub` by which `client` knows this user.
    pub fn at(&self, client: &ClientConfig, derived: &Derived) -> String {
        match client.subject_type {
            SubjectType::Public => self.to_string(),
            SubjectType::Pairwise => {
                let sector = sector(client);
                let name = mac(&derived.pairwise, &[sector.as_bytes(), self.bytes()]);
                format!("{USER_SUBJECT_PREFIX}{}", base64url(name.get(..16).unwrap_or_default()))
            }
        }
    }
}

/// The `sid` by which `client` knows a session. Where users have pairwise names their sessions have, too: by a common `sid` two
/// sectors could tell that they have the same user.
pub(crate) fn session_name(sid: Id, client: &ClientConfig, derived: &Derived) -> String {
    match client.subject_type {
        SubjectType::Public => sid.to_string(),
        SubjectType::Pairwise => {
            let name = mac(&derived.pairwise, &[b"sid", sector(client).as_bytes(), sid.bytes()]);
            base64url(name.get(..16).unwrap_or_default())
        }
    }
}

/// The host that pairwise names are made for: the registered one, or the host of the redirect URIs. The configuration sees to it
/// that these have a single one.
fn sector(client: &ClientConfig) -> &str {
    let own = client.redirect_uris.first().and_then(|uri| host_of(uri));
    client.sector_identifier.as_deref().or(own).unwrap_or(&client.client_id)
}

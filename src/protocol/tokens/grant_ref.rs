//! From an access token back to what it came from.

use serde::{Deserialize, Serialize};

use crate::protocol::model::id::Id;
use crate::protocol::model::user_id::UserId;

/// Points from an access token to the grant it came from; sealed, because it names the person in every sector.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantRef {
    /// Whose grant.
    pub owner: UserId,
    /// Which one.
    pub grant: Id,
}

//! The reference from an access token to the grant it came from. `issue` puts it in; introspection, revocation, `/userinfo` and
//! token exchange read it to see whether the grant is still alive.

use serde::{Deserialize, Serialize};

use crate::protocol::model::id::Id;
use crate::protocol::model::user_id::UserId;

/// Points from an access token to its grant. It travels sealed, because it names the user, who may have other names at other
/// clients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GrantRef {
    /// The user whose grant it is.
    pub owner: UserId,
    /// The id of the grant.
    pub grant: Id,
}

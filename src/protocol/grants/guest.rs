//! `urn:mintedge:grant-type:guest`: a token for somebody who hasn't logged in, such as a visitor with a shopping cart. It is also
//! the worked example of an extension grant: this file and one line of the registry are all of it. The dispatch in `grants` calls
//! it.
//!
//! Every use makes a new guest, `gst_` and 128 random bits; no client and no user has such a name. Nothing is stored.

use super::{Decision, GrantRequest};
use crate::protocol::http::error::Failure;
use crate::protocol::model::client::GUEST_SUBJECT_PREFIX;
use crate::protocol::model::id::Id;
use crate::protocol::server::ports::Platform;
use crate::protocol::tokens::target::{Wanted, choose};

/// Decides what a guest gets: `scope` and `resource` as for `client_credentials`, within the client's scopes.
///
/// # Errors
/// `invalid_scope`, `invalid_target`.
pub(super) fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, client, form, snapshot, .. } = request;
    let requested: Vec<&str> = form.values("resource").collect();
    let issuer = server.issuer.as_str();
    let wanted = Wanted { scope: form.value("scope"), resources: &requested };
    let target = choose(&snapshot, issuer, &client, &client.scopes, wanted)?;
    let guest = format!("{GUEST_SUBJECT_PREFIX}{}", Id::generate(&server.platform));
    Ok(Decision::plain(guest, &client.client_id, target))
}

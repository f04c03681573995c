//! `urn:mintedge:grant-type:guest`: somebody who hasn't logged in, such as a visitor with a shopping cart. Also the worked example of
//! an extension grant: this file and one line of the registry are all of it.
//!
//! Every use makes a new guest, `gst_` and 128 random bits, which no client and no person is called. Nothing is stored.

use super::audience::choose;
use super::{GrantInfo, GrantRequest, Granted};
use crate::protocol::client::GUEST_SUBJECT_PREFIX;
use crate::protocol::error::Failure;
use crate::protocol::id::Id;
use crate::protocol::ports::Platform;

pub(super) const INFO: GrantInfo = GrantInfo {
    name: "urn:mintedge:grant-type:guest",
    confidential_only: false,
    speaks_of_user: false,
    on_request_only: true,
};

/// Decides what a guest gets: `scope` and `resource` as for `client_credentials`, within the client's ceiling.
///
/// # Errors
/// `invalid_scope`, `invalid_target`.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Granted, Failure> {
    let GrantRequest { server, exchange, client, form } = request;
    let snapshot = server.snapshot_for(&client, exchange.now).await?;
    let requested: Vec<&str> = form.values("resource").collect();
    let issuer = server.issuer.as_str();
    let target = choose(&snapshot, issuer, &client, form.value("scope"), &requested)?;
    let guest = format!("{GUEST_SUBJECT_PREFIX}{}", Id::generate(&server.platform));
    Ok(Granted::plain(guest, &client.client_id, target))
}

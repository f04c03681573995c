//! The names of what is published. They start with a digest of the issuer, so that issuers that share a namespace can't read each
//! other's.

use sha2::{Digest as _, Sha256};

use crate::protocol::codec::encoding::base64url;
use crate::protocol::model::issuer::Issuer;

/// Name of the compiled configuration. Names start with a digest of the issuer, so that issuers that share a
/// namespace can't read each other's.
pub fn snapshot_name(issuer: &Issuer) -> String {
    format!("{}/snapshot", prefix(issuer))
}

/// Name of a client.
pub fn client_snapshot_name(issuer: &Issuer, client_id: &str) -> String {
    format!("{}/client/{client_id}", prefix(issuer))
}

/// Name of the sealed keyring; see [`crate::protocol::keys::published`].
pub fn keyring_name(issuer: &Issuer) -> String {
    format!("{}/keyring", prefix(issuer))
}

fn prefix(issuer: &Issuer) -> String {
    let digest = Sha256::digest(issuer.as_str().as_bytes());
    base64url(digest.get(..12).unwrap_or_default())
}

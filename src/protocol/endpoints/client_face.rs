//! What pages show of a client: name, logo and links of its registration (RFC 7591 §2).

use crate::protocol::config::registered_client::Client;
use crate::protocol::pages::ClientFace;

/// The name, logo and links that a page shows of a client.
pub(crate) fn client_face(client: &Client) -> ClientFace<'_> {
    ClientFace {
        name: client.client_name.as_deref().unwrap_or(&client.client_id),
        logo_uri: client.logo_uri.as_deref(),
        client_uri: client.client_uri.as_deref(),
        policy_uri: client.policy_uri.as_deref(),
        tos_uri: client.tos_uri.as_deref(),
    }
}

//! What pages show of a client: name, logo and links of its registration (RFC 7591 §2).

use crate::protocol::config::redirect_uri;
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::documents::url::host;
use crate::protocol::pages::ClientFace;

/// What a client is called that has registered itself without a name. Its id is long, and says nothing to people.
const UNNAMED: &str = "an unnamed application";

/// The name, logo and links that a page shows of a client. The logo of one that has registered itself is left out: whoever sends
/// people here would learn of each as soon as a page is open, and could look like anybody.
pub(crate) fn client_face(client: &Client) -> ClientFace<'_> {
    if client.has_document() {
        // Whatever it says of itself nobody has looked at: the host of its document is what is known.
        return ClientFace {
            name: host(&client.client_id),
            self_asserted: client.client_name.as_deref(),
            logo_uri: None,
            unchecked: None,
            client_uri: None,
            policy_uri: None,
            tos_uri: None,
        };
    }
    let by_itself = client.managed_by == ManagedBy::Itself;
    ClientFace {
        self_asserted: None,
        name: client.client_name.as_deref().unwrap_or(if by_itself { UNNAMED } else { &client.client_id }),
        logo_uri: client.logo_uri.as_deref().filter(|_| !by_itself),
        unchecked: None,
        client_uri: client.client_uri.as_deref(),
        policy_uri: client.policy_uri.as_deref(),
        tos_uri: client.tos_uri.as_deref(),
    }
}

/// The same for pages of an authorization request that leads to `redirect_uri`: they say if nobody has checked the client's name.
pub(crate) fn client_face_at<'a>(client: &'a Client, redirect_uri: &'a str) -> ClientFace<'a> {
    let unchecked = (client.managed_by == ManagedBy::Itself).then(|| redirect_uri::host(redirect_uri));
    ClientFace { unchecked, ..client_face(client) }
}

/// The client in one line, for lists: its name, after the host of its document if it has one.
pub(crate) fn client_label(client: &Client) -> String {
    match (&client.client_name, client.has_document()) {
        (Some(name), true) => format!("{} (calls itself “{name}”)", host(&client.client_id)),
        (Some(name), false) => name.clone(),
        (None, _) => client.client_id.clone(),
    }
}

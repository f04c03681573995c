//! Files of servers that this import does not read.

use serde_json::Value;

use super::read::plain;

/// A product, what its members are called (in lower case without separators), and what to do with its file.
struct Product {
    name: &'static str,
    /// Members of the document, or of its clients.
    members: &'static [&'static str],
    advice: &'static str,
}

const PRODUCTS: [Product; 3] = [
    Product {
        name: "a Keycloak realm",
        members: &[
            "realm",
            "keycloakversion",
            "publicclient",
            "standardflowenabled",
            "serviceaccountsenabled",
            "clientauthenticatortype",
        ],
        advice: "Declare its clients by hand: `clientId` is `client_id`, `redirectUris` is `redirect_uris` (without wildcards), a \
            `publicClient` has `token_endpoint_auth_method = \"none\"`, `serviceAccountsEnabled` is the grant `client_credentials`",
    },
    Product {
        name: "an Auth0 export",
        members: &["tenant", "apptype", "callbacks", "allowedlogouturls", "weborigins"],
        advice: "Declare its clients by hand: `callbacks` is `redirect_uris`, `allowed_logout_urls` is `post_logout_redirect_uris`, \
            `web_origins` is `allowed_origins`, and an `app_type` of `spa` or `native` has `token_endpoint_auth_method = \"none\"`",
    },
    Product {
        name: "a list of clients in the words of RFC 7591, as Ory Hydra and others write it",
        members: &["granttypes", "tokenendpointauthmethod", "responsetypes"],
        advice: "Its members are called the same here: put each client into `[[client]]`, with `scope` as a list `scopes` and without \
            `client_secret`; `mintedge clients import-secrets` registers the SHA-256 of secrets that are known",
    },
];

/// `IdentityServer`'s own members: with one of these the document is for this import, whatever else is in it.
const OWN: [&str; 7] = [
    "identityserver",
    "apiresources",
    "apiscopes",
    "identityresources",
    "allowedgranttypes",
    "allowedscopes",
    "clientsecrets",
];

/// What to say about a document of another product; `None` if it doesn't look like one.
pub(super) fn recognized(document: &Value) -> Option<String> {
    let names = names(document);
    if names.iter().any(|name| OWN.contains(&name.as_str())) {
        return None;
    }
    let product = PRODUCTS
        .iter()
        .find(|product| product.members.iter().any(|own| names.iter().any(|name| name == own)))?;
    Some(format!("this is {}, which can't be imported yet. {}", product.name, product.advice))
}

/// The names of the document's members and of its clients'.
fn names(document: &Value) -> Vec<String> {
    let root = document.as_object();
    let lists =
        root.into_iter().flatten().filter(|(name, _)| ["clients", "items"].contains(&plain(name).as_str()));
    let clients = lists.filter_map(|(_, value)| value.as_array()).chain(document.as_array()).flatten();
    let objects = root.into_iter().chain(clients.filter_map(Value::as_object));
    objects.flat_map(|object| object.keys().map(|name| plain(name))).collect()
}

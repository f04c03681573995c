//! What types can't say about `native_sso`: its form, and what it needs to be of use. `validate` calls it for each client.

use super::Check;
use crate::protocol::config::ClientConfig;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::scope::DEVICE_SSO;

/// The longest name that apps of one vendor have in common, in bytes.
const MAX_NAME: usize = 64;

impl Check {
    pub(super) fn native_sso(&mut self, client: &ClientConfig, at: &str) {
        let gives = client.scopes.contains(DEVICE_SSO);
        if gives {
            self.gives_device_secrets(client, at);
        }
        let Some(name) = &client.native_sso else { return };
        let at = format!("{at}.native_sso");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_plain) {
            self.say(&at, "a name has 1 to 64 letters, digits, `-`, `_` and `.`");
        }
        if !gives && !client.signs_on_natively() {
            let message = format!(
                "nothing comes of it: a client that logs people in for other apps has the scope `{DEVICE_SSO}`, one that they are \
                 logged in for has the grant `{}`",
                GrantType::TokenExchange.name()
            );
            self.say(at, message);
        }
    }

    /// What a client needs that may ask for the scope `device_sso`.
    fn gives_device_secrets(&mut self, client: &ClientConfig, at: &str) {
        let at = format!("{at}.scopes");
        if client.native_sso.is_none() {
            self.say(
                &at,
                format!(
                    "`{DEVICE_SSO}` needs `native_sso`, the name of the vendor's apps that share a login"
                ),
            );
        }
        if !client.scopes.contains("openid") {
            self.say(&at, format!("`{DEVICE_SSO}` needs `openid`: a device secret belongs to an ID token"));
        }
        if !client.grant_types.contains(&GrantType::AuthorizationCode) && !client.signs_on_natively() {
            self.say(at, format!("`{DEVICE_SSO}` is granted to those who use `authorization_code`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::protocol::config::Config;
    use crate::protocol::validate::problems;
    use crate::protocol::validate::warnings::warnings;

    fn config(clients: &Value) -> Config {
        serde_json::from_value(json!({ "client": clients })).expect("a configuration")
    }

    fn app(members: &Value) -> Value {
        let mut app = json!({
            "client_id": "one", "grant_types": ["authorization_code"], "redirect_uris": ["https://one.example/cb"],
            "token_endpoint_auth_method": "none", "scopes": ["openid", "device_sso"], "native_sso": "acme",
        });
        for (name, value) in members.as_object().expect("an object") {
            app[name] = value.clone();
        }
        app
    }

    const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

    #[test]
    fn apps_that_share_a_login_are_taken() {
        for good in [
            json!({}),
            json!({ "grant_types": [EXCHANGE], "scopes": ["openid"] }),
            json!({ "grant_types": [EXCHANGE], "scopes": ["openid", "device_sso"] }),
            json!({ "grant_types": [EXCHANGE, "authorization_code"], "native_sso": "Acme_2.a-b" }),
        ] {
            assert_eq!(problems(&config(&json!([app(&good)]))), [], "{good}");
        }
    }

    #[test]
    fn what_would_come_to_nothing_is_told() {
        for (bad, place) in [
            (json!({ "native_sso": null }), "client[0].scopes"),
            (json!({ "scopes": ["device_sso"] }), "client[0].scopes"),
            (json!({ "grant_types": ["refresh_token"], "redirect_uris": [] }), "client[0].scopes"),
            (json!({ "scopes": ["openid"] }), "client[0].native_sso"),
            (json!({ "native_sso": "" }), "client[0].native_sso"),
            (json!({ "native_sso": "a b" }), "client[0].native_sso"),
            (json!({ "native_sso": "a".repeat(65) }), "client[0].native_sso"),
        ] {
            let found = problems(&config(&json!([app(&bad)])));
            assert!(found.len() == 1 && found[0].path == place, "{bad}: {found:?}");
        }
    }

    #[test]
    fn an_app_that_shares_with_nobody_is_warned_of() {
        let paths = |clients: &Value| -> Vec<String> {
            warnings(&config(clients)).into_iter().map(|warning| warning.path).collect()
        };
        let two = |members: &Value| {
            let mut two = app(members);
            two["client_id"] = "two".into();
            two
        };
        assert_eq!(paths(&json!([app(&json!({}))])), ["client[0].native_sso"]);
        let second = json!({ "grant_types": [EXCHANGE], "scopes": ["openid"] });
        assert!(paths(&json!([app(&json!({})), two(&second)])).is_empty());
        let other = json!({ "grant_types": [EXCHANGE], "scopes": ["openid"], "native_sso": "other" });
        assert_eq!(
            paths(&json!([app(&json!({})), two(&other)])),
            ["client[0].native_sso", "client[1].native_sso"]
        );
    }
}

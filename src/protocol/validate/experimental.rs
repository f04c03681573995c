//! What types can't say about `[experimental]`. `validate` calls it.

use super::{Check, MAX_TEXT};
use crate::protocol::config::{Config, ExtraTokenType};

impl Check {
    pub(super) fn experimental(&mut self, config: &Config) {
        self.transaction_tokens(config);
        if config.experimental.transaction_tokens.is_some() {
            return;
        }
        for (index, client) in config.client.iter().enumerate() {
            let kinds = &client.exchange.token_types;
            if let Some(number) = kinds.iter().position(|kind| *kind == ExtraTokenType::TxnToken) {
                let message = "there are no transaction tokens without `[experimental.transaction_tokens]`";
                self.say(format!("client[{index}].exchange.token_types[{number}]"), message);
            }
        }
    }

    /// A trust domain is nobody's name that has tokens of another kind: whoever compares `aud` alone takes none for the other.
    fn transaction_tokens(&mut self, config: &Config) {
        let Some(settings) = &config.experimental.transaction_tokens else { return };
        let at = "experimental.transaction_tokens";
        let name = settings.trust_domain.as_str();
        if name.is_empty() || name.len() > MAX_TEXT || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "a trust domain is 1 to 256 characters of printable ASCII without spaces";
            self.say(format!("{at}.trust_domain"), message);
        }
        let is_resource = config.resource.iter().any(|resource| resource.identifier == name);
        let is_client = config.client.iter().any(|client| client.client_id == name);
        if is_resource || is_client || config.issuer.as_deref() == Some(name) {
            let message =
                "a resource, a client or the server itself has this name: a trust domain has another";
            self.say(format!("{at}.trust_domain"), message);
        }
        if !(5..=300).contains(&settings.lifetime) {
            self.say(format!("{at}.lifetime"), "5 to 300 seconds");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::protocol::config::Config;
    use crate::protocol::validate::problems;

    fn paths(transaction_tokens: &Value, kinds: &Value) -> Vec<String> {
        let config = json!({
            "issuer": "https://id.example.com",
            "experimental": { "transaction_tokens": transaction_tokens },
            "resource": [{ "identifier": "https://orders.example.com", "scopes": ["orders:read"] }],
            "client": [{ "client_id": "gateway", "exchange": { "token_types": kinds } }],
        });
        let config: Config = serde_json::from_value(config).expect("a configuration");
        problems(&config).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_trust_domain_of_its_own_is_taken() {
        for lifetime in [5, 60, 300] {
            let settings = json!({ "trust_domain": "internal.example.com", "lifetime": lifetime });
            assert!(paths(&settings, &json!(["txn_token"])).is_empty(), "{lifetime}");
        }
        assert!(paths(&json!(null), &json!(["id_token"])).is_empty());
    }

    #[test]
    fn what_is_wrong_with_it_is_told() {
        let domain = "experimental.transaction_tokens.trust_domain";
        for name in ["", "a b", "https://orders.example.com", "gateway", "https://id.example.com"] {
            assert_eq!(paths(&json!({ "trust_domain": name }), &json!([])), [domain], "{name}");
        }
        for lifetime in [0, 4, 301] {
            let settings = json!({ "trust_domain": "internal", "lifetime": lifetime });
            assert_eq!(paths(&settings, &json!([])), ["experimental.transaction_tokens.lifetime"]);
        }
        let found = paths(&json!(null), &json!(["id_token", "txn_token"]));
        assert_eq!(found, ["client[0].exchange.token_types[1]"]);
    }
}

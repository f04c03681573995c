//! What types can't say about `[client.exchange]` and `may_act`: that every client, resource and scope they name exists.
//!
//! `validate` calls it for each client.

use super::{Check, Referable};
use crate::protocol::config::ClientConfig;
use crate::protocol::model::scope::ADMIN_READ;
use crate::protocol::model::secret::is_generated_client_id;

impl Check {
    pub(super) fn exchange(&mut self, client: &ClientConfig, at: &str, known: &Referable<'_>) {
        let exchange = &client.exchange;
        let is_client = |id: &str| is_generated_client_id(id) || (known.client)(id);
        if let Some(actor) = client.may_act.as_deref().filter(|actor| !is_client(actor)) {
            self.say(format!("{at}.may_act"), format!("there is no client `{actor}`"));
        }
        if exchange.is_default() {
            return;
        }
        let at = format!("{at}.exchange");
        if client.is_public() {
            self.say(&at, "only a client that authenticates may exchange tokens; this one has `none`");
        }
        for (number, audience) in exchange.audiences.iter().enumerate() {
            if !(known.resource)(audience) {
                self.say(format!("{at}.audiences[{number}]"), format!("there is no resource `{audience}`"));
            } else if (known.owns)(audience, ADMIN_READ) {
                self.say(
                    format!("{at}.audiences[{number}]"),
                    "no token is exchanged for one for the admin API",
                );
            }
        }
        for (number, scope) in exchange.additional_scopes.iter().enumerate() {
            let place = format!("{at}.additional_scopes[{number}]");
            let owned = exchange.audiences.iter().any(|audience| (known.owns)(audience, scope));
            if !client.scopes.contains(scope) {
                self.say(place, format!("the client doesn't have the scope `{scope}` itself"));
            } else if !owned {
                self.say(place, format!("none of the `audiences` has the scope `{scope}`"));
            }
        }
        for (number, id) in exchange.subject_clients.iter().enumerate() {
            if !is_client(id) {
                self.say(format!("{at}.subject_clients[{number}]"), format!("there is no client `{id}`"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::protocol::config::Config;
    use crate::protocol::validate::problems;

    fn found(client: &Value) -> Vec<(String, String)> {
        let mut client = client.clone();
        client["client_id"] = "gateway".into();
        client["scopes"] = json!(["orders:read", "orders:write", "billing:read"]);
        let config = json!({
            "resource": [
                { "identifier": "https://orders.example.com", "scopes": ["orders:read", "orders:write"] },
                { "identifier": "https://billing.example.com", "scopes": ["billing:read", "billing:write"] },
            ],
            "client": [client, { "client_id": "app" }],
        });
        let config: Config = serde_json::from_value(config).expect("a configuration");
        problems(&config).into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    #[test]
    fn an_exchange_that_is_right_is_taken() {
        let orders = "https://orders.example.com";
        for good in [
            json!({}),
            json!({ "exchange": { "audiences": [orders], "additional_scopes": ["orders:write"], "subject_clients": ["app"] } }),
            json!({ "exchange": { "audiences": [orders], "subject_clients": ["mec_abc"], "require_may_act": true } }),
            json!({ "may_act": "app" }),
            json!({ "may_act": "gateway" }),
        ] {
            assert_eq!(found(&good), [], "{good}");
        }
    }

    #[test]
    fn each_problem_of_an_exchange_is_told_at_its_place() {
        let orders = "https://orders.example.com";
        let cases = [
            (json!({ "audiences": ["x"] }), ".audiences[0]", "no resource `x`"),
            (
                json!({ "audiences": [orders], "additional_scopes": ["billing:write"] }),
                ".additional_scopes[0]",
                "itself",
            ),
            (
                json!({ "audiences": [orders], "additional_scopes": ["billing:read"] }),
                ".additional_scopes[0]",
                "none of the",
            ),
            (
                json!({ "audiences": [orders], "subject_clients": ["x"] }),
                ".subject_clients[0]",
                "no client `x`",
            ),
        ];
        for (exchange, place, expected) in cases {
            let found = found(&json!({ "exchange": exchange }));
            let path = format!("client[0].exchange{place}");
            let is_it = |(at, text): &(String, String)| *at == path && text.contains(expected);
            assert!(found.len() == 1 && found.iter().all(is_it), "{exchange}: {found:?}");
        }
        let public = json!({ "exchange": { "audiences": [orders] }, "token_endpoint_auth_method": "none" });
        assert!(
            found(&public)
                .iter()
                .any(|(at, text)| at == "client[0].exchange" && text.contains("authenticates"))
        );
        assert!(found(&json!({ "may_act": "x" })).iter().any(|(at, _)| at == "client[0].may_act"));
    }
}

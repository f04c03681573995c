//! What types can't say about a client that authenticates with keys of its own (`private_key_jwt`): where they are, whether they can
//! be used, and what the settings need of each other. `validate` calls it for each client.

use serde_json::{Map, Value};

use super::{Check, Referable};
use crate::protocol::config::{ASSERTION_LIFETIME, ClientConfig};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::jwk_set::{KeySet, pinned_problem, unusable};
use crate::protocol::model::outbound;
use crate::protocol::model::signature_alg::SignatureAlg;

impl Check {
    pub(super) fn client_keys(&mut self, client: &ClientConfig, at: &str, known: &Referable<'_>) {
        if client.accepts(AuthMethod::PrivateKeyJwt) {
            self.key_sources(client, at, known.local);
        } else {
            self.needless(client, at);
        }
        if !ASSERTION_LIFETIME.contains(&client.client_assertion.max_lifetime) {
            self.say(format!("{at}.client_assertion.max_lifetime"), "30 to 3600 seconds");
        }
    }

    fn key_sources(&mut self, client: &ClientConfig, at: &str, local: bool) {
        match (&client.jwks, client.jwks_uri.as_deref()) {
            (Some(_), Some(_)) => {
                self.say(format!("{at}.jwks_uri"), "either keys or their address, not both (RFC 7591 §2)");
            }
            (Some(jwks), None) => self.own_keys(jwks, client.token_endpoint_auth_signing_alg, at),
            (None, Some(url)) => {
                if let Some(objection) = outbound::objection(url, local) {
                    let message = format!("this server can't call it: {objection}; put the keys into `jwks`");
                    self.say(format!("{at}.jwks_uri"), message);
                }
            }
            (None, None) => self.say(
                at,
                "`private_key_jwt` needs the client's public keys: `jwks`, or their address in `jwks_uri`",
            ),
        }
    }

    fn own_keys(&mut self, jwks: &Map<String, Value>, only: Option<SignatureAlg>, at: &str) {
        let accepted = |alg: SignatureAlg| only.is_none_or(|only| only.is_same(alg));
        let problem = pinned_problem(jwks, accepted).or_else(|| unusable(jwks));
        if let Some(problem) = problem {
            self.say(format!("{at}.jwks"), problem);
        } else if let Some(name) = KeySet::of(jwks).as_ref().and_then(KeySet::ambiguous) {
            let message =
                format!("different keys are called `{name}`: no assertion can say which one it means");
            self.say(format!("{at}.jwks"), message);
        }
    }

    fn needless(&mut self, client: &ClientConfig, at: &str) {
        for (name, is_set) in [
            ("jwks", client.jwks.is_some()),
            ("jwks_uri", client.jwks_uri.is_some()),
            ("token_endpoint_auth_signing_alg", client.token_endpoint_auth_signing_alg.is_some()),
            ("client_assertion", !client.client_assertion.is_default()),
        ] {
            if is_set {
                let message = "only with token_endpoint_auth_method = \"private_key_jwt\"";
                self.say(format!("{at}.{name}"), message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::protocol::codec::encoding::base64url;
    use crate::protocol::config::Config;
    use crate::protocol::validate::problems;

    fn found(changes: &Value, own: &str) -> Vec<(String, String)> {
        let mut client = json!({
            "client_id": "c", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
        });
        for (name, value) in changes.as_object().expect("members") {
            client[name] = value.clone();
        }
        let config: Config =
            serde_json::from_value(json!({ "issuer": own, "client": [client] })).expect("a configuration");
        problems(&config).into_iter().map(|problem| (problem.path, problem.message)).collect()
    }

    fn ed() -> Value {
        json!({ "kty": "OKP", "kid": "o", "crv": "Ed25519", "x": base64url(&[7; 32]) })
    }

    fn keys(keys: &Value) -> Value {
        json!({ "jwks": { "keys": keys } })
    }

    fn with(members: &Value) -> Value {
        let mut all = keys(&json!([ed()]));
        for (name, value) in members.as_object().expect("members") {
            all[name] = value.clone();
        }
        all
    }

    #[test]
    fn keys_that_can_be_used_are_taken() {
        let ec = |crv: &str, size: usize| {
            let coordinate = base64url(&vec![7; size]);
            json!({ "kty": "EC", "crv": crv, "x": coordinate, "y": coordinate })
        };
        let rsa = json!({ "kty": "RSA", "n": base64url(&[0xff; 256]), "e": "AQAB" });
        let encryption = json!({ "kty": "RSA", "use": "enc", "n": base64url(&[0xff; 128]), "e": "AQAB" });
        for good in [
            keys(&json!([ed()])),
            keys(&json!([ed(), rsa, ec("P-256", 32), ec("P-384", 48), ec("P-521", 66)])),
            keys(&json!([ed(), encryption, { "kty": "EC", "crv": "secp256k1" }, { "kty": "AKP" }])),
            with(&json!({ "token_endpoint_auth_signing_alg": "Ed25519" })),
            with(&json!({ "client_assertion": { "audience": "token_endpoint", "max_lifetime": 30 } })),
            json!({ "jwks_uri": "https://keys.example/k" }),
        ] {
            assert_eq!(found(&good, "https://id.example"), [], "{good}");
        }
        let local = json!({ "jwks_uri": "http://127.0.0.1:9000/k" });
        assert_eq!(found(&local, "http://localhost:8787"), []);
        assert_eq!(found(&local, "https://id.example").len(), 1);
    }

    #[test]
    fn keys_that_cannot_be_used_are_named_with_the_reason() {
        let with_key = |member: &str, value: &Value| {
            let mut key = ed();
            key[member] = value.clone();
            keys(&json!([key]))
        };
        let small = json!({ "kty": "RSA", "kid": "small", "n": base64url(&[0xff; 128]), "e": "AQAB" });
        let odd = json!({ "kty": "EC", "crv": "P-384", "x": base64url(&[7; 32]), "y": base64url(&[7; 32]) });
        let mut other = ed();
        other["x"] = base64url(&[8; 32]).into();
        for (changes, place, expected) in [
            (json!({}), "client[0]", "needs the client's public keys"),
            (with(&json!({ "jwks_uri": "https://keys.example/k" })), "client[0].jwks_uri", "not both"),
            (json!({ "jwks_uri": "https://10.0.0.1/k" }), "client[0].jwks_uri", "is private"),
            (json!({ "jwks_uri": "http://keys.example/k" }), "client[0].jwks_uri", "by https only"),
            (json!({ "jwks": {} }), "client[0].jwks", "a list `keys`"),
            (keys(&json!([])), "client[0].jwks", "no key that can be used"),
            (with_key("d", &json!("x")), "client[0].jwks", "private or secret"),
            (keys(&json!([ed(), { "kty": "oct", "k": "AAAA" }])), "client[0].jwks", "private or secret"),
            (keys(&json!([ed(), small])), "client[0].jwks", "the key `small` can't be used"),
            (keys(&json!([ed(), odd])), "client[0].jwks", "key 1 can't be used"),
            (with_key("use", &json!("enc")), "client[0].jwks", "no key that can be used"),
            (with_key("key_ops", &json!(["sign"])), "client[0].jwks", "no key that can be used"),
            (keys(&json!(vec![ed(); 21])), "client[0].jwks", "at most 20 keys"),
            (keys(&json!([ed(), other])), "client[0].jwks", "different keys are called `o`"),
            (
                with(&json!({ "token_endpoint_auth_signing_alg": "ES256" })),
                "client[0].jwks",
                "no key that can be used",
            ),
            (
                with(&json!({ "client_assertion": { "max_lifetime": 3601 } })),
                "client[0].client_assertion.max_lifetime",
                "30 to 3600",
            ),
        ] {
            let found = found(&changes, "https://id.example");
            let is_it = |(at, message): &(String, String)| at == place && message.contains(expected);
            assert!(found.len() == 1 && found.iter().all(is_it), "{changes}: {found:?}");
        }
    }

    #[test]
    fn only_a_client_with_that_method_has_keys() {
        for (name, value) in [
            ("jwks", json!({ "keys": [ed()] })),
            ("jwks_uri", json!("https://keys.example/k")),
            ("token_endpoint_auth_signing_alg", json!("EdDSA")),
            ("client_assertion", json!({ "one_time": false })),
        ] {
            let changes = json!({ "token_endpoint_auth_method": "client_secret_basic", name: value });
            let found = found(&changes, "https://id.example");
            let expected = format!("client[0].{name}");
            assert!(found.len() == 1 && found.iter().all(|(path, _)| *path == expected), "{found:?}");
        }
    }
}

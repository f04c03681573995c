//! What types can't say about `[registration]`. `validate` calls it.

use std::collections::BTreeSet;

use super::{Check, MAX_SCOPES};
use crate::protocol::codec::uri::is_origin;
use crate::protocol::config::{RegistrationConfig, RegistrationMode, redirect_uri};
use crate::protocol::model::client::AuthMethod;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::scope::USER_SCOPES;
use crate::protocol::model::secret::is_carried_client_id;
use crate::protocol::model::time::{DAY, HOUR};

/// Most hosts, schemes and denied clients.
const MOST: usize = 200;

impl Check {
    pub(super) fn registration(&mut self, policy: &RegistrationConfig, is_scope: &dyn Fn(&str) -> bool) {
        if policy.is_default() {
            return;
        }
        if !(HOUR..=365 * DAY).contains(&policy.lifetime) {
            self.say("registration.lifetime", "3600 to 31536000 seconds");
        }
        for (name, count) in [
            ("redirect_hosts", policy.redirect_hosts.len()),
            ("private_use_schemes", policy.private_use_schemes.len()),
            ("denied", policy.denied.len()),
        ] {
            if count > MOST {
                self.say(format!("registration.{name}"), format!("at most {MOST}"));
            }
        }
        self.initial_access_tokens(policy);
        self.registered_scopes(policy, is_scope);
        self.registered_ways(policy);
        for (number, host) in policy.redirect_hosts.iter().enumerate() {
            let name = host.strip_prefix("*.").unwrap_or(host);
            if !is_origin(&format!("https://{name}")) || name.contains([':', '[']) {
                let message = format!("`{host}` is no host: a name in lower case, or `*.` and one");
                self.say(format!("registration.redirect_hosts[{number}]"), message);
            }
        }
        for (number, scheme) in policy.private_use_schemes.iter().enumerate() {
            if let Some(problem) = redirect_uri::scheme_problem(scheme) {
                self.say(
                    format!("registration.private_use_schemes[{number}]"),
                    format!("`{scheme}`: {problem}"),
                );
            }
        }
        for (number, id) in policy.denied.iter().enumerate() {
            if !is_carried_client_id(id) {
                let message = "the id of a client that registered itself; any other is disabled or deleted";
                self.say(format!("registration.denied[{number}]"), message);
            }
        }
    }

    fn registered_scopes(&mut self, policy: &RegistrationConfig, is_scope: &dyn Fn(&str) -> bool) {
        if policy.is_on() && policy.scopes.is_empty() {
            self.say("registration.scopes", "name the scopes that registered clients may have");
        }
        if policy.scopes.len() > MAX_SCOPES {
            self.say("registration.scopes", format!("at most {MAX_SCOPES} scopes"));
        }
        for (number, scope) in policy.scopes.iter().enumerate() {
            // Scopes of the admin API belong to no resource of the configuration, so they are refused here.
            if !is_scope(scope) && !USER_SCOPES.contains(&scope) {
                let message = format!("no resource has the scope `{scope}`, or a stranger may not have it");
                self.say(format!("registration.scopes[{number}]"), message);
            }
        }
    }

    fn initial_access_tokens(&mut self, policy: &RegistrationConfig) {
        let tokens = &policy.initial_access_tokens;
        if policy.mode == RegistrationMode::InitialAccessToken && tokens.is_empty() {
            self.say("registration.initial_access_token", "nobody could register: name a token, by its hash");
        }
        if tokens.len() > MOST {
            self.say("registration.initial_access_token", format!("at most {MOST}"));
        }
        for (number, token) in tokens.iter().enumerate() {
            let at = format!("registration.initial_access_token[{number}]");
            self.text(&format!("{at}.name"), Some(&token.name));
            if token.hash().is_none() {
                self.say(format!("{at}.sha256"), "a SHA-256 in base64url without padding: 43 characters");
            }
        }
    }

    /// Grants of a client that nobody knows begin with a person, who is asked.
    fn registered_ways(&mut self, policy: &RegistrationConfig) {
        let with_a_person = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        for (number, grant) in policy.grant_types.iter().enumerate() {
            if !with_a_person.contains(grant) {
                let message = format!("`{grant}` isn't for clients that anybody can register");
                self.say(format!("registration.grant_types[{number}]"), message);
            }
        }
        if !policy.grant_types.contains(&GrantType::AuthorizationCode) {
            self.say(
                "registration.grant_types",
                "`authorization_code` is what registered clients begin with",
            );
        }
        let methods = &policy.token_endpoint_auth_methods;
        let known = [AuthMethod::None, AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost];
        let distinct: BTreeSet<_> = methods.iter().map(|method| method.name()).collect();
        let sound = distinct.len() == methods.len() && methods.iter().all(|method| known.contains(method));
        if methods.is_empty() || !sound {
            let message = "each of `none`, `client_secret_basic` and `client_secret_post` once at most, and one at least";
            self.say("registration.token_endpoint_auth_methods", message);
        }
    }
}

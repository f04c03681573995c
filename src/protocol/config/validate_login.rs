//! What types can't say about logging people in.

use super::validate::{Check, MAX_TEXT};
use super::{ClientConfig, Config, SubjectType};
use crate::protocol::config::{RecoveryConfig, RefreshMode};
use crate::protocol::grants::GrantType;
use crate::protocol::redirect_uri;
use crate::protocol::subject::host_of;
use crate::protocol::time::DAY;

/// Most redirect URIs of one kind a client may have.
const MAX_URIS: usize = 20;

impl Check {
    pub(super) fn login_settings(&mut self, config: &Config) {
        for (name, value) in [("idle", config.sessions.idle), ("absolute", config.sessions.absolute)] {
            if !(300..=365 * DAY).contains(&value) {
                self.say(format!("sessions.{name}"), "300 to 31536000 seconds");
            }
        }
        if !(10..=100_000).contains(&config.login.attempts_per_address) {
            self.say("login.attempts_per_address", "10 to 100000");
        }
        let theme = &config.branding;
        if theme.name.len() > MAX_TEXT || theme.name.chars().any(char::is_control) {
            self.say("branding.name", "at most 256 bytes without control characters");
        }
        self.web_uri("branding.logo_uri", theme.logo_uri.as_deref());
        self.web_uri("branding.support_uri", theme.support_uri.as_deref());
        let is_color = |text: &str| {
            text.strip_prefix('#')
                .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        if theme.accent.as_deref().is_some_and(|accent| !is_color(accent)) {
            self.say("branding.accent", "a color looks like `#1a5fb4`");
        }
    }

    pub(super) fn login_client(
        &mut self,
        client: &ClientConfig,
        at: &str,
        resource_exists: &dyn Fn(&str) -> bool,
    ) {
        self.uris(&format!("{at}.redirect_uris"), &client.redirect_uris);
        self.uris(&format!("{at}.post_logout_redirect_uris"), &client.post_logout_redirect_uris);
        let logs_in = client.grant_types.contains(&GrantType::AuthorizationCode);
        if logs_in && client.redirect_uris.is_empty() {
            self.say(format!("{at}.redirect_uris"), "`authorization_code` needs a redirect URI");
        }
        if client.pkce_optional && client.is_public() {
            self.say(format!("{at}.pkce_optional"), "a public client can't do without PKCE");
        }
        for (name, uri) in [
            ("backchannel_logout_uri", &client.backchannel_logout_uri),
            ("frontchannel_logout_uri", &client.frontchannel_logout_uri),
            ("logo_uri", &client.logo_uri),
            ("client_uri", &client.client_uri),
            ("policy_uri", &client.policy_uri),
            ("tos_uri", &client.tos_uri),
        ] {
            self.web_uri(&format!("{at}.{name}"), uri.as_deref());
        }
        self.frontchannel(client, at);
        self.sector(client, at);
        self.refresh(client, at);
        for (number, resource) in client.serves.iter().enumerate() {
            if !resource_exists(resource) {
                self.say(format!("{at}.serves[{number}]"), format!("there is no resource `{resource}`"));
            }
        }
    }

    fn uris(&mut self, at: &str, uris: &[String]) {
        if uris.len() > MAX_URIS {
            self.say(at, format!("at most {MAX_URIS} URIs"));
        }
        for (number, uri) in uris.iter().enumerate() {
            if let Some(problem) = redirect_uri::problem(uri) {
                self.say(format!("{at}[{number}]"), format!("`{uri}`: {problem}"));
            }
        }
    }

    pub(super) fn web_uri(&mut self, at: &str, uri: Option<&str>) {
        let Some(uri) = uri else { return };
        let is_web = uri.starts_with("https://") || uri.starts_with("http://");
        if redirect_uri::problem(uri).is_some() || !is_web {
            self.say(at, "an https URL without fragment (http on a loopback address only)");
        }
    }

    /// `Front-Channel Logout` §2: the URI is on the scheme, host and port of a redirect URI.
    fn frontchannel(&mut self, client: &ClientConfig, at: &str) {
        let Some(uri) = &client.frontchannel_logout_uri else { return };
        let mut origins = client.redirect_uris.iter().map(|known| redirect_uri::origin(known));
        if !origins.any(|known| known.is_some() && known == redirect_uri::origin(uri)) {
            self.say(
                format!("{at}.frontchannel_logout_uri"),
                "scheme, host and port have to be those of one of the redirect URIs",
            );
        }
    }

    /// `OpenID Connect Core` §8.1: the sector is the one host of the redirect URIs, or it is named.
    fn sector(&mut self, client: &ClientConfig, at: &str) {
        if client.subject_type == SubjectType::Public {
            return;
        }
        let mut hosts: Vec<_> = client.redirect_uris.iter().map(|uri| host_of(uri)).collect();
        hosts.dedup();
        if client.sector_identifier.is_none() && hosts.len() != 1 {
            self.say(
                format!("{at}.sector_identifier"),
                "pairwise subjects need it when the redirect URIs are not all on one host",
            );
        }
    }

    fn refresh(&mut self, client: &ClientConfig, at: &str) {
        let refresh = &client.refresh;
        for (name, value, least, most) in [
            ("retry_window", refresh.retry_window, 0, 300),
            ("recovery_max", refresh.recovery_max, 0, 7 * DAY),
            ("idle", refresh.idle, 60, 365 * DAY),
            ("absolute", refresh.absolute, 60, 730 * DAY),
            ("max_grants", refresh.max_grants.into(), 1, 100),
        ] {
            if !(least..=most).contains(&value) {
                self.say(format!("{at}.refresh.{name}"), format!("{least} to {most}"));
            }
        }
        if refresh.recovery == RecoveryConfig::On && client.is_public() {
            self.say(
                format!("{at}.refresh.recovery"),
                "a public client's lost answers are not given again after the window",
            );
        }
        if refresh.mode != RefreshMode::Rotate && client.is_public() {
            self.say(format!("{at}.refresh.mode"), "a public client's refresh tokens rotate at every use");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::config::validate::{Known, client_problems};

    #[test]
    fn a_frontchannel_uri_away_from_the_redirect_uris_is_refused() {
        let cases = [
            ("https://app.example/bye", true),
            ("https://app.example:443/bye?x=1", true),
            ("https://app.example:8443/bye", true),
            ("http://127.0.0.1:7777/bye", true),
            ("https://app.example:4430/bye", false),
            ("https://other.example/bye", false),
            ("https://app.example.evil.example/bye", false),
            ("http://127.0.0.1/bye", false),
            ("http://localhost:7777/bye", false),
        ];
        let uris = [
            "https://app.example/cb",
            "https://app.example:8443/cb",
            "http://127.0.0.1:7777/cb",
            "com.example:/cb",
        ];
        let known = Known { scope: &|_| true, resource: &|_| true, owns: &|_, _| true, client: &|_| true };
        for (uri, fits) in cases {
            let client = ClientConfig {
                client_id: "app".to_owned(),
                redirect_uris: uris.map(str::to_owned).to_vec(),
                frontchannel_logout_uri: Some(uri.to_owned()),
                ..ClientConfig::default()
            };
            let found = client_problems(&client, &known);
            assert_eq!(found.is_empty(), fits, "{uri}: {found:?}");
            assert!(
                found.iter().all(|problem| problem.path == "client.frontchannel_logout_uri"),
                "{found:?}"
            );
        }
    }
}

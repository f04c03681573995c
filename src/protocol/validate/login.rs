//! What types can't say about logging people in: ranges of `[login]` and `[sessions]`, and what a client's settings need of each
//! other.

use super::{Check, MAX_TEXT, Referable};
use crate::protocol::codec::uri::host_of;
use crate::protocol::codec::uri::web_problem;
use crate::protocol::config::redirect_uri;
use crate::protocol::config::{ClientConfig, Config, MAX_DEVICE_LIFETIME, SubjectType};
use crate::protocol::config::{RecoveryConfig, RefreshMode};
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::outbound;
use crate::protocol::model::time::DAY;
use crate::protocol::state::roots::LONGEST_LIFE;

/// Most redirect URIs of one kind a client may have.
const MAX_URIS: usize = 20;
/// The most URI schemes that a configuration may name.
const MAX_SCHEMES: usize = 50;

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
        self.schemes(&config.login.private_use_schemes);
        let theme = &config.branding;
        if theme.name.len() > MAX_TEXT || theme.name.chars().any(char::is_control) {
            self.say("branding.name", "at most 256 bytes without control characters");
        }
        self.image_uri("branding.logo_uri", theme.logo_uri.as_deref());
        self.web_uri("branding.support_uri", theme.support_uri.as_deref());
        let is_color = |text: &str| {
            text.strip_prefix('#')
                .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        if theme.accent.as_deref().is_some_and(|accent| !is_color(accent)) {
            self.say("branding.accent", "a color looks like `#1a5fb4`");
        }
    }

    /// A scheme that isn't a reversed domain name may be any other app's too; who names it has decided that.
    fn schemes(&mut self, schemes: &[String]) {
        if schemes.len() > MAX_SCHEMES {
            self.say("login.private_use_schemes", format!("at most {MAX_SCHEMES} schemes"));
        }
        for (number, scheme) in schemes.iter().enumerate() {
            if let Some(problem) = redirect_uri::scheme_problem(scheme) {
                self.say(format!("login.private_use_schemes[{number}]"), format!("`{scheme}`: {problem}"));
            }
        }
    }

    pub(super) fn login_client(&mut self, client: &ClientConfig, at: &str, known: &Referable<'_>) {
        self.uris(&format!("{at}.redirect_uris"), &client.redirect_uris, known.schemes);
        self.uris(
            &format!("{at}.post_logout_redirect_uris"),
            &client.post_logout_redirect_uris,
            known.schemes,
        );
        let logs_in = client.grant_types.contains(&GrantType::AuthorizationCode);
        if logs_in && client.redirect_uris.is_empty() {
            self.say(format!("{at}.redirect_uris"), "`authorization_code` needs a redirect URI");
        }
        if client.pkce_optional && client.is_public() {
            self.say(format!("{at}.pkce_optional"), "a public client can't do without PKCE");
        }
        for (name, uri) in [
            ("frontchannel_logout_uri", &client.frontchannel_logout_uri),
            ("client_uri", &client.client_uri),
            ("policy_uri", &client.policy_uri),
            ("tos_uri", &client.tos_uri),
        ] {
            self.web_uri(&format!("{at}.{name}"), uri.as_deref());
        }
        self.image_uri(&format!("{at}.logo_uri"), client.logo_uri.as_deref());
        let told = client.backchannel_logout_uri.as_deref();
        if let Some(objection) = told.and_then(|uri| outbound::objection(uri, known.local)) {
            self.say(
                format!("{at}.backchannel_logout_uri"),
                format!("this server can't call it: {objection}"),
            );
        }
        self.frontchannel(client, at);
        self.sector(client, at);
        self.refresh(client, at);
        self.device(client, at);
        for (number, resource) in client.serves.iter().enumerate() {
            if !(known.resource)(resource) {
                self.say(format!("{at}.serves[{number}]"), format!("there is no resource `{resource}`"));
            }
        }
    }

    fn uris(&mut self, at: &str, uris: &[String], schemes: &[String]) {
        if uris.len() > MAX_URIS {
            self.say(at, format!("at most {MAX_URIS} URIs"));
        }
        for (number, uri) in uris.iter().enumerate() {
            if let Some(problem) = redirect_uri::problem(uri, schemes) {
                self.say(format!("{at}[{number}]"), format!("`{uri}`: {problem}"));
            }
        }
    }

    fn web_uri(&mut self, at: &str, uri: Option<&str>) {
        if let Some(problem) = uri.and_then(web_problem) {
            self.say(
                at,
                format!("an https URL without fragment (http on a loopback address only): {problem}"),
            );
        }
    }

    /// The pages' policy lets no other image in.
    fn image_uri(&mut self, at: &str, uri: Option<&str>) {
        let Some(uri) = uri else { return };
        if web_problem(uri).is_some() || !uri.starts_with("https:") {
            self.say(at, "an https URL without fragment: pages show no other image");
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

    fn device(&mut self, client: &ClientConfig, at: &str) {
        if !(120..=MAX_DEVICE_LIFETIME).contains(&client.device.lifetime) {
            self.say(format!("{at}.device.lifetime"), "120 to 1800 seconds");
        }
        let may_use = client.grant_types.contains(&GrantType::DeviceCode);
        if !may_use && !client.device.is_default() {
            self.say(format!("{at}.device"), format!("only with the grant `{}`", GrantType::DeviceCode));
        }
    }

    fn refresh(&mut self, client: &ClientConfig, at: &str) {
        let refresh = &client.refresh;
        for (name, value, least, most) in [
            ("retry_window", refresh.retry_window, 0, 300),
            ("recovery_max", refresh.recovery_max, 0, 7 * DAY),
            ("idle", refresh.idle, 60, 365 * DAY),
            ("absolute", refresh.absolute, 60, LONGEST_LIFE),
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

    const ANYTHING: Referable<'_> = Referable {
        scope: &|_| true,
        resource: &|_| true,
        owns: &|_, _| true,
        client: &|_| true,
        schemes: &[],
        local: false,
    };

    fn problems_of(client: &ClientConfig, known: &Referable<'_>) -> Vec<String> {
        let client = ClientConfig { client_id: "app".to_owned(), ..client.clone() };
        client_problems(&client, known).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn this_server_tells_nobody_inside_of_its_network() {
        let told = |uri: &str, local| {
            let client =
                ClientConfig { backchannel_logout_uri: Some(uri.to_owned()), ..ClientConfig::default() };
            problems_of(&client, &Referable { local, ..ANYTHING })
        };
        for good in ["https://app.example/bye?x=1", "https://app.example:8443/bye"] {
            assert!(told(good, false).is_empty(), "{good}");
        }
        assert!(told("http://127.0.0.1:7777/bye", true).is_empty());
        for bad in [
            "https://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:22/",
            "http://127.0.0.1:7777/bye",
            "https://[::ffff:10.0.0.1]/bye",
            "https://[64:ff9b::a00:1]/bye",
            "https://100.64.0.1/bye",
            "https://2130706433/bye",
            "https://0x7f.1/bye",
            "https://app.internal/bye",
            "https://app.example:22/bye",
            "https://user:password@app.example/bye",
            "http://app.example/bye",
        ] {
            assert_eq!(told(bad, false), ["client.backchannel_logout_uri"], "{bad}");
        }
        assert_eq!(told("http://127.0.0.1:22/", true), ["client.backchannel_logout_uri"]);
    }

    #[test]
    fn what_people_are_shown_is_on_the_web() {
        let shown = |uri: &str| {
            let uri = Some(uri.to_owned());
            let (client_uri, policy_uri) = (uri.clone(), uri.clone());
            let client = ClientConfig {
                logo_uri: uri.clone(),
                client_uri,
                policy_uri,
                tos_uri: uri,
                ..ClientConfig::default()
            };
            problems_of(&client, &ANYTHING)
        };
        assert!(shown("https://app.example/a.svg?v=1").is_empty());
        assert_eq!(shown("http://localhost:3000/a"), ["client.logo_uri"]);
        for bad in [
            "http://app.example/",
            "com.example.app:/a",
            "javascript:alert(1)",
            "https://a b/",
            "https://a..b/",
        ] {
            assert_eq!(shown(bad).len(), 4, "{bad}");
        }
    }

    #[test]
    fn a_scheme_of_an_app_is_a_domain_name_or_one_that_policy_names() {
        let registered = |uri: &str, schemes: &[String]| {
            let uris = vec![uri.to_owned()];
            let client = ClientConfig {
                redirect_uris: uris.clone(),
                post_logout_redirect_uris: uris,
                ..ClientConfig::default()
            };
            problems_of(&client, &Referable { schemes, ..ANYTHING })
        };
        let schemes = ["cursor".to_owned(), "x.y.".to_owned()];
        for good in ["com.example.app:/cb", "cursor://anysphere.cursor/cb"] {
            assert!(registered(good, &schemes).is_empty(), "{good}");
        }
        assert_eq!(registered("cursor://a/cb", &[]).len(), 2);
        assert_eq!(registered("tvv.://:ws", &schemes).len(), 2);
        let config = |schemes: &[&str]| {
            let schemes = schemes.iter().map(|scheme| (*scheme).to_owned()).collect();
            let mut config = Config::default();
            config.login.private_use_schemes = schemes;
            crate::protocol::validate::problems(&config).len()
        };
        assert_eq!(config(&["cursor", "vscode", "ms-app"]), 0);
        for bad in ["javascript", "https", "http", "Cursor", "", "1a", "a:b", "data", "tvv."] {
            assert_eq!(config(&[bad]), 1, "{bad}");
        }
    }
    use crate::protocol::validate::client_problems;

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
        for (uri, fits) in cases {
            let client = ClientConfig {
                client_id: "app".to_owned(),
                redirect_uris: uris.map(str::to_owned).to_vec(),
                frontchannel_logout_uri: Some(uri.to_owned()),
                ..ClientConfig::default()
            };
            let found = client_problems(&client, &ANYTHING);
            assert_eq!(found.is_empty(), fits, "{uri}: {found:?}");
            assert!(
                found.iter().all(|problem| problem.path == "client.frontchannel_logout_uri"),
                "{found:?}"
            );
        }
    }
}

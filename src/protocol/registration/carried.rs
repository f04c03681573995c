//! Client ids that carry what the client registered with (RFC 7591 appendix A.5.2), so that nothing of it is stored.
//!
//! `mei_ ‖ base64url(NAMED ‖ generation ‖ version ‖ time (4) ‖ random (4) ‖ declaration ‖ tag) ‖ checksum`: a tagged value
//! (`keys::tagged`). It isn't encrypted, because it says nothing that the client doesn't say in public anyway. All of
//! its characters are the same in a form as outside of one, for clients that don't encode their credentials.
//!
//! The time and the random bytes are the client's epoch. Its secret, if it has one, is a MAC of its id under the same key.

use super::openid::sector_hosts;
use super::words::{shorten, write_out};
use crate::protocol::codec::json;
use crate::protocol::config::registered_client::{Client, ManagedBy, StoredSecret};
use crate::protocol::config::{ClientConfig, RegistrationConfig, redirect_uri};
use crate::protocol::keys::derived::{Guard, mac};
use crate::protocol::keys::tagged::{tagged, untagged};
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::secret::{CARRIED_ID_PREFIX, CLIENT_SECRET_PREFIX, Secret, SecretBytes};
use crate::protocol::model::time::Timestamp;

/// The longest id, in characters. It comes with every authorization request and stands in every access token.
pub const MAX_LENGTH: usize = 512;
/// The first byte of what is tagged.
const VERSION: u8 = 1;

/// What an id of this server carries.
#[derive(Debug)]
pub struct Carried {
    /// When the client registered.
    pub issued_at: Timestamp,
    config: ClientConfig,
    random: [u8; 4],
    secret: Secret,
}

/// Makes the id of a client that registers with `config`; `None` if it would be too long.
pub fn issue(guard: &Guard, config: &ClientConfig, now: Timestamp, entropy: &impl Entropy) -> Option<String> {
    let mut random = [0; 4];
    entropy.fill(&mut random);
    let time = u32::try_from(now.0).ok()?;
    let json = serde_json::to_string(&ClientConfig { client_id: String::new(), ..config.clone() }).ok()?;
    let body = [&[VERSION][..], &time.to_be_bytes(), &random, &shorten(&json)].concat();
    Some(tagged(CARRIED_ID_PREFIX, guard, &body)).filter(|id| id.len() <= MAX_LENGTH)
}

/// Reads an id. `None` for anything that this server didn't make with one of these keys.
pub fn open(guard: &Guard, client_id: &str) -> Option<Carried> {
    if client_id.len() > MAX_LENGTH {
        return None;
    }
    let (key, body) = untagged(CARRIED_ID_PREFIX, guard, client_id)?;
    let ([VERSION, a, b, c, d, random @ ..], short) = body.split_first_chunk::<9>()? else { return None };
    let config: ClientConfig = json::from_str(&write_out(short)?).ok()?;
    Some(Carried {
        issued_at: Timestamp(u32::from_be_bytes([*a, *b, *c, *d]).into()),
        config: ClientConfig { client_id: client_id.to_owned(), ..config },
        random: *random,
        secret: secret(&key, client_id),
    })
}

fn secret(key: &SecretBytes, client_id: &str) -> Secret {
    Secret::of_bytes(CLIENT_SECRET_PREFIX, &mac(key, &[b"client_secret", client_id.as_bytes()]))
}

impl Carried {
    /// The client's secret, if it authenticates with one.
    pub fn secret(&self) -> Option<&Secret> {
        self.config.has_secret().then_some(&self.secret)
    }

    /// The client as policy has it now: what policy doesn't permit any more, it doesn't have any more. `None` if nothing is left.
    pub fn into_client(self, policy: &RegistrationConfig) -> Option<Client> {
        let issued_at = self.issued_at;
        let secret = self.secret().map(|secret| StoredSecret {
            id: "registered".to_owned(),
            sha256: secret.hash(),
            created_at: issued_at,
            expires_at: None,
        });
        let mut config = self.config;
        if config.sector_identifier.is_none() && !config.subject_type.is_public() {
            // Of all that it registered with, so that its users' names stay the same whatever policy takes away.
            let sector = match sector_hosts(&config.redirect_uris).as_slice() {
                [Some(host)] => (*host).to_owned(),
                _ => config.client_id.clone(),
            };
            config.sector_identifier = Some(sector);
        }
        permit(&mut config, policy);
        config.allowed_origins = origins(&config.redirect_uris);
        let method = config.token_endpoint_auth_method?;
        let may = policy.token_endpoint_auth_methods.contains(&method) && !config.redirect_uris.is_empty();
        may.then(|| Client {
            config,
            managed_by: ManagedBy::Itself,
            secrets: secret.into_iter().collect(),
            created_at: issued_at,
            updated_at: issued_at,
            config_version: 0,
            epoch: Some(Epoch::of(issued_at, self.random)),
            admitted_at: None,
            was_refused: false,
            is_outdated: false,
        })
    }
}

/// Takes away what `policy` doesn't permit.
fn permit(config: &mut ClientConfig, policy: &RegistrationConfig) {
    let permitted = |uri: &String| {
        let problem = redirect_uri::problem(uri, &policy.private_use_schemes);
        problem.or(policy.redirect_objection(uri)).is_none()
    };
    config.grant_types.retain(|grant| policy.grant_types.contains(grant));
    config.redirect_uris.retain(permitted);
    config.post_logout_redirect_uris.retain(permitted);
    let origins: Vec<_> = config.redirect_uris.iter().map(|uri| redirect_uri::origin(uri)).collect();
    let frame = config.frontchannel_logout_uri.take();
    config.frontchannel_logout_uri = frame.filter(|uri| origins.contains(&redirect_uri::origin(uri)));
    let notified = config.backchannel_logout_uri.take();
    config.backchannel_logout_uri = notified.filter(|uri| policy.redirect_objection(uri).is_none());
    // A client that named no scopes has all that there are.
    config.scopes = if config.scopes.is_empty() {
        policy.scopes.clone()
    } else {
        config.scopes.intersection(&policy.scopes)
    };
    // Where other programs may get the code, only PKCE keeps it from them.
    let web = config.redirect_uris.iter().all(|uri| uri.starts_with("https:"));
    config.pkce_optional = policy.pkce_optional && web && !config.is_public();
}

/// The origins of its own pages, which come back to them with a code and redeem it there.
fn origins(redirect_uris: &[String]) -> Vec<String> {
    let origins = redirect_uris.iter().filter_map(|uri| {
        let (scheme, rest) =
            uri.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http"))?;
        let authority = rest.split(['/', '?']).next()?.to_ascii_lowercase();
        // Browsers leave the scheme's own port out.
        let own = if scheme == "https" { ":443" } else { ":80" };
        Some(format!("{scheme}://{}", authority.strip_suffix(own).unwrap_or(&authority)))
    });
    origins.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::memory::FakeEntropy;
    use crate::protocol::keys::derived::{Derived, Purpose, Root};
    use crate::protocol::registration::metadata::read;
    use crate::protocol::registration::policy;

    fn derived(generations: &[u8], retired: bool) -> Derived {
        let root = |id: &u8| Root {
            id: *id,
            secret: SecretBytes::new(vec![*id; 32]),
            retired_for: retired.then_some(Purpose::Registration).into_iter().collect(),
            unnamed_until: None,
        };
        let writing = *generations.last().expect("one");
        Derived::new(&SecretBytes::new(vec![9; 32]), generations.iter().map(root).collect(), writing)
    }

    fn open_policy() -> RegistrationConfig {
        RegistrationConfig {
            mode: crate::protocol::config::RegistrationMode::Open,
            scopes: ["openid", "notes:read"].into_iter().collect(),
            ..RegistrationConfig::default()
        }
    }

    fn config_of(metadata: &Value) -> ClientConfig {
        let policy = open_policy();
        let object = metadata.as_object().expect("an object");
        let read = policy::with_terms(&policy, false, |terms| read(object, terms)).expect("a client");
        policy::to_carry(read.config, read.named_scopes, &policy)
    }

    /// What real clients send (`docs/decisions/carried-ids.md` has the figures).
    fn bodies() -> Vec<(&'static str, Value, usize)> {
        let code = json!(["authorization_code", "refresh_token"]);
        let public = |name: &str, uris: Value| {
            json!({ "client_name": name, "redirect_uris": uris, "grant_types": code, "response_types": ["code"],
                "token_endpoint_auth_method": "none" })
        };
        let cursor = json!([
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback"
        ]);
        let code_uris = json!([
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/"
        ]);
        let mut remote = public("MCP CLI Client", json!(["http://localhost:16807/oauth/callback"]));
        remote["client_uri"] = "https://github.com/modelcontextprotocol/mcp-cli".into();
        remote["software_id"] = "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d".into();
        let openid = json!({ "redirect_uris": ["https://www.certification.openid.net/test/a/mintedge-dynamic/callback"],
            "client_name": "mintedge dynamic 3kf83jf8s", "contacts": ["a@example.com"],
            "token_endpoint_auth_method": "client_secret_post", "subject_type": "pairwise" });
        let large: Vec<_> =
            (0..5).map(|n| format!("https://a-rather-long-name-{n}.example.net/some/callback")).collect();
        vec![
            ("Cursor", public("Cursor", cursor), 80),
            ("Claude", public("Claude", json!(["https://claude.ai/api/mcp/auth_callback"])), 64),
            ("VS Code", public("Visual Studio Code", code_uris), 80),
            ("mcp-remote", remote, 90),
            ("OpenID", openid, 230),
            ("five addresses", public("An application with a name", json!(large)), 512),
        ]
    }

    #[test]
    fn what_real_clients_register_fits_an_address() {
        let keys = derived(&[0], false);
        for (name, metadata, longest) in bodies() {
            let config = config_of(&metadata);
            let id = issue(&keys.registration, &config, Timestamp(1_800_000_000), &FakeEntropy::seeded(1))
                .expect(name);
            assert!(id.len() <= longest, "{name}: {} characters", id.len());
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{name}");
            let client =
                open(&keys.registration, &id).and_then(|read| read.into_client(&open_policy())).expect(name);
            assert_eq!(
                (&client.redirect_uris, &client.client_name),
                (&config.redirect_uris, &config.client_name)
            );
            assert_eq!(
                (client.created_at, client.client_id.as_str()),
                (Timestamp(1_800_000_000), id.as_str())
            );
            assert_eq!(client.secrets.len(), usize::from(config.has_secret()), "{name}");
        }
        let uris: Vec<_> =
            (0..20).map(|n| format!("https://a-rather-long-name-{n}.example.net/some/path")).collect();
        let config = config_of(&json!({ "redirect_uris": uris }));
        assert_eq!(issue(&keys.registration, &config, Timestamp(1), &FakeEntropy::seeded(1)), None);
    }

    #[test]
    fn an_id_opens_while_its_generation_is_there_and_with_no_character_changed() {
        let config = config_of(&json!({ "redirect_uris": ["https://app.example/cb"] }));
        let (before, after) = (derived(&[0], false), derived(&[0, 1], false));
        let id =
            issue(&before.registration, &config, Timestamp(100), &FakeEntropy::seeded(1)).expect("an id");
        let secret = |keys: &Derived| {
            open(&keys.registration, &id).and_then(|read| Some(read.secret()?.expose().to_owned()))
        };
        assert!(secret(&before).is_some() && secret(&before) == secret(&after), "replaced with overlap");
        assert!(Secret::received(secret(&before).expect("one")).is_well_formed());
        assert!(open(&derived(&[1], false).registration, &id).is_none(), "gone");
        assert!(open(&derived(&[0, 1], true).registration, &id).is_none(), "taken out for this purpose");
        for index in 0..id.len() {
            let mut bytes = id.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert!(
                open(&before.registration, &String::from_utf8(bytes).expect("ascii")).is_none(),
                "{index}"
            );
        }
        let again =
            issue(&before.registration, &config, Timestamp(100), &FakeEntropy::seeded(2)).expect("an id");
        assert_ne!(id, again, "two clients with the same words are two");
        assert_ne!(
            open(&before.registration, &again).expect("one").secret.expose(),
            secret(&before).expect("one")
        );
    }

    #[test]
    fn pkce_is_optional_on_the_web_only() {
        let keys = derived(&[0], false);
        let policy = RegistrationConfig { pkce_optional: true, ..open_policy() };
        for (uri, optional) in
            [("https://a.example/cb", true), ("http://localhost/cb", false), ("cursor://x/cb", false)]
        {
            let config = config_of(&json!({ "redirect_uris": ["https://a.example/x", uri] }));
            let id =
                issue(&keys.registration, &config, Timestamp(1), &FakeEntropy::seeded(1)).expect("an id");
            let client =
                open(&keys.registration, &id).and_then(|read| read.into_client(&policy)).expect("a client");
            assert_eq!(client.pkce_optional, optional, "{uri}");
        }
    }

    #[test]
    fn nobody_is_told_of_a_logout_where_nobody_logs_in() {
        let policy = RegistrationConfig { scopes: ["notes:read"].into_iter().collect(), ..open_policy() };
        let metadata = json!({ "redirect_uris": ["https://a.example/cb"],
            "frontchannel_logout_uri": "https://a.example/out", "backchannel_logout_uri": "https://a.example/back" });
        let object = metadata.as_object().expect("an object");
        let read = policy::with_terms(&policy, false, |terms| read(object, terms)).expect("a client");
        let config = policy::to_carry(read.config, read.named_scopes, &policy);
        assert_eq!((config.frontchannel_logout_uri, config.backchannel_logout_uri), (None, None));
    }

    #[test]
    fn only_a_host_that_gets_the_code_is_a_sector() {
        let keys = derived(&[0], false);
        let sector = |uris: Value| {
            let metadata = json!({ "redirect_uris": uris, "subject_type": "pairwise" });
            let id = issue(&keys.registration, &config_of(&metadata), Timestamp(1), &FakeEntropy::seeded(1));
            let client =
                open(&keys.registration, &id.expect("an id")).and_then(|id| id.into_client(&open_policy()));
            client.expect("a client").config
        };
        let web = sector(json!(["https://victim.example/a", "https://victim.example:8443/b"]));
        assert_eq!(web.sector_identifier.as_deref(), Some("victim.example"));
        for uris in [
            json!(["com.evil.app://victim.example/cb"]),
            json!(["http://localhost:1/cb", "com.evil.app:/cb"]),
        ] {
            let app = sector(uris);
            assert_eq!(app.sector_identifier.as_deref(), Some(app.client_id.as_str()));
        }
    }

    #[test]
    fn what_policy_takes_away_a_client_does_not_have() {
        let keys = derived(&[0], false);
        let metadata = json!({ "redirect_uris": ["https://a.example:443/cb", "cursor://x/cb", "http://localhost/cb"],
            "post_logout_redirect_uris": ["https://a.example/bye", "cursor://x/bye"],
            "frontchannel_logout_uri": "https://a.example/out", "backchannel_logout_uri": "https://a.example/back",
            "token_endpoint_auth_method": "none", "scope": "openid notes:read",
            "grant_types": ["authorization_code", "refresh_token"] });
        let id = issue(&keys.registration, &config_of(&metadata), Timestamp(1), &FakeEntropy::seeded(1))
            .expect("an id");
        let client = |change: &dyn Fn(&mut RegistrationConfig)| {
            let mut policy = open_policy();
            change(&mut policy);
            open(&keys.registration, &id).expect("an id").into_client(&policy)
        };
        let all = client(&|_| {}).expect("a client");
        assert_eq!((all.redirect_uris.len(), all.scopes.len(), all.grant_types.len()), (3, 2, 2));
        assert_eq!(all.allowed_origins, ["https://a.example", "http://localhost"]);
        assert_eq!(all.post_logout_redirect_uris, ["https://a.example/bye", "cursor://x/bye"]);
        assert!(all.frontchannel_logout_uri.is_some() && all.backchannel_logout_uri.is_some());
        let less = client(&|policy| {
            policy.scopes = ["openid"].into_iter().collect();
            policy.redirect_hosts = vec!["b.example".to_owned()];
            policy.private_use_schemes.clear();
            policy.grant_types.truncate(1);
        })
        .expect("a client");
        assert_eq!(less.redirect_uris, ["http://localhost/cb"]);
        assert!(less.post_logout_redirect_uris.is_empty() && less.frontchannel_logout_uri.is_none());
        assert_eq!(less.backchannel_logout_uri, None);
        assert_eq!((less.scopes.to_wire().as_str(), less.grant_types.len()), ("openid", 1));
        let basic = crate::protocol::model::client::AuthMethod::ClientSecretBasic;
        assert!(client(&|policy| policy.token_endpoint_auth_methods = vec![basic]).is_none());
    }
}

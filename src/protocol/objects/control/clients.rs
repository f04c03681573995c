//! Commands about clients.

use super::documents;
use super::head;
use super::head::Head;
use super::keys;
use super::names::client_snapshot_name;
use super::outbox;
use super::outbox::Urgency;
use super::{Context, ControlRefusal, ControlReply, NewSecret, Stop};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::config::ClientConfig;
use crate::protocol::config::registered_client::{Client, ManagedBy};
use crate::protocol::config::snapshot::resources;
use crate::protocol::documents::url::is_url;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::Derived;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::grant_type::GrantType;
use crate::protocol::model::incarnation::Epoch;
use crate::protocol::model::outbound::is_local;
use crate::protocol::model::secret::{
    CLIENT_SECRET_PREFIX, Secret, SecretBytes, SecretHash, generate_client_id, is_carried_client_id,
    is_generated_client_id,
};
use crate::protocol::model::time::Timestamp;
use crate::protocol::objects::rows::{Rows, Transaction};
use crate::protocol::state::client as life;
use crate::protocol::state::client::AddSecret;
use crate::protocol::validate::{Problem, Referable, client_problems, lookalike};

/// Most clients in one page.
pub const MAX_PAGE: u32 = 100;

/// The rows of clients: this and the client's id.
const CLIENT: &str = "client/";

fn key(client_id: &str) -> String {
    format!("{CLIENT}{client_id}")
}

pub(super) fn load<R: Rows>(
    rows: &Transaction<'_, R>,
    client_id: &str,
) -> Result<Option<Client>, ServerError> {
    rows.read(&key(client_id))
}

pub(super) fn save<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client: &Client,
    urgency: Urgency,
) -> Result<(), ServerError> {
    rows.write(key(&client.client_id), client)?;
    outbox::enqueue(rows, &client_snapshot_name(context.issuer, &client.client_id), urgency, context.now)
}

pub(super) fn remove<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
) -> Result<(), ServerError> {
    // Who brings a document under that URL must not get back what has ended.
    if is_url(client_id)
        && let Some(client) = load(rows, client_id)?
    {
        return save(rows, context, &life::leave(&client, context.epoch(), context.now), Urgency::TakesAway);
    }
    rows.delete(key(client_id));
    let name = client_snapshot_name(context.issuer, client_id);
    outbox::enqueue(rows, &name, Urgency::TakesAway, context.now)
}

#[inline(never)]
pub(super) fn page<R: Rows>(
    rows: &Transaction<'_, R>,
    after: Option<&str>,
    limit: u32,
) -> Result<ControlReply, Stop> {
    let limit = limit.clamp(1, MAX_PAGE);
    let found = rows.list::<Client>(CLIENT, after, limit + 1)?;
    let wanted = usize::try_from(limit).unwrap_or_default();
    let more = found.len() > wanted;
    let clients = found.into_iter().take(wanted).map(|(_, client)| client).collect();
    Ok(ControlReply::Clients { clients, more })
}

#[inline(never)]
pub(super) fn create<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    mut config: ClientConfig,
) -> Result<ControlReply, Stop> {
    if config.client_id.is_empty() {
        let root = context.keks.open(&head.root, context.issuer.as_str(), head::ROOT)?;
        config.client_id = generate_client_id(&Derived::from_root(&root).client_id, context.entropy);
    } else if is_generated_client_id(&config.client_id) || is_carried_client_id(&config.client_id) {
        let message =
            "ids that start with `mec_` or `mei_` are generated; leave it out to have one".to_owned();
        let path = "client.client_id".to_owned();
        return Err(Stop::Refused(ControlRefusal::Invalid(vec![Problem { path, message }])));
    }
    check(&head, context, &config)?;
    let decided = load(rows, &config.client_id)?;
    if decided.as_ref().is_some_and(|client| !client.has_document()) {
        return Err(Stop::Refused(ControlRefusal::AlreadyExists));
    }
    provide_keys(rows, context, &mut head, &config)?;
    let mut client = match decided {
        None => life::declare(&config, ManagedBy::Api, context.epoch(), context.now),
        // Nothing that a client with a document was given is the registered one's.
        Some(decided) => {
            let mut client = life::redeclare(&decided, &config, ManagedBy::Api, context.epoch(), context.now);
            life::begin_anew(&mut client, context.epoch());
            client
        }
    };
    let secret = first_secret(&mut client, context);
    client.config_version = head.config_version;
    save(rows, context, &client, Urgency::Gives)?;
    refresh_summary(rows, context, &mut head, is_summed_up(&client))?;
    Ok(ControlReply::ClientWithSecret { client: Box::new(client), secret })
}

#[inline(never)]
pub(super) fn update<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    mut head: Head,
    config: &ClientConfig,
) -> Result<ControlReply, Stop> {
    let current = existing(rows, &config.client_id)?;
    if current.managed_by == ManagedBy::Config {
        return Err(Stop::Refused(ControlRefusal::ManagedByConfig));
    }
    check(&head, context, config)?;
    provide_keys(rows, context, &mut head, config)?;
    let mut client = life::redeclare(&current, config, ManagedBy::Api, context.epoch(), context.now);
    let secret = first_secret(&mut client, context);
    if client != current {
        client.config_version = head.config_version;
        save(rows, context, &client, Urgency::TakesAway)?;
        refresh_summary(rows, context, &mut head, is_summed_up(&client) || is_summed_up(&current))?;
    }
    Ok(ControlReply::ClientWithSecret { client: Box::new(client), secret })
}

/// Sees to it that there are keys for everything that is signed for the client.
fn provide_keys<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    head: &mut Head,
    config: &ClientConfig,
) -> Result<(), Stop> {
    head.client_algs.extend(config.algs());
    if keys::make_wanted(context, head)? {
        head::save(rows, context, head)?;
    }
    Ok(())
}

fn check<E: Entropy>(head: &Head, context: &Context<'_, E>, config: &ClientConfig) -> Result<(), Stop> {
    let known = resources(&head.config, context.issuer);
    let mut problems = client_problems(
        config,
        &Referable {
            scope: &|scope| known.iter().any(|resource| resource.scopes.contains(scope)),
            resource: &|name| known.iter().any(|resource| resource.identifier == name),
            owns: &|name, scope| {
                known.iter().any(|resource| resource.identifier == name && resource.scopes.contains(scope))
            },
            // Clients outside of the configuration come and go one by one; a name without a client harms nobody.
            client: &|_| true,
            schemes: &head.config.login.private_use_schemes,
            local: is_local(context.issuer.as_str()),
        },
    );
    let namesake = known.iter().find(|resource| resource.identifier == config.client_id);
    if let Some(message) = namesake.and_then(|resource| lookalike(resource.access_token_typ)) {
        let path = "client.client_id".to_owned();
        problems.push(Problem { path, message: message.to_owned() });
    }
    if problems.is_empty() { Ok(()) } else { Err(Stop::Refused(ControlRefusal::Invalid(problems))) }
}

/// A client that needs a secret and has none gets one.
pub(super) fn first_secret<E: Entropy>(client: &mut Client, context: &Context<'_, E>) -> Option<NewSecret> {
    if !client.has_secret() || !client.secrets.is_empty() {
        return None;
    }
    let addition = Addition { expires_at: None, others_expire_at: None, sha256: None };
    attach(client, addition, context).ok()
}

/// What `AddSecret` asks for.
pub(super) struct Addition {
    pub(super) expires_at: Option<Timestamp>,
    pub(super) others_expire_at: Option<Timestamp>,
    pub(super) sha256: Option<SecretHash>,
}

fn attach<E: Entropy>(
    client: &mut Client,
    addition: Addition,
    context: &Context<'_, E>,
) -> Result<NewSecret, ControlRefusal> {
    let mut id = [0_u8; 9];
    context.entropy.fill(&mut id);
    let (hash, clear) = if let Some(hash) = addition.sha256 {
        (hash, Vec::new())
    } else {
        let secret = Secret::generate(CLIENT_SECRET_PREFIX, context.entropy);
        (secret.hash(), secret.expose().as_bytes().to_vec())
    };
    let Addition { expires_at, others_expire_at, .. } = addition;
    match life::add_secret(client, base64url(&id), hash, expires_at, others_expire_at, context.now) {
        AddSecret::Added(secret_id) => Ok(NewSecret {
            client_id: client.client_id.clone(),
            secret_id,
            client_secret: SecretBytes::new(clear),
            expires_at,
        }),
        AddSecret::NoSecrets if client.is_public() => Err(ControlRefusal::PublicClient),
        AddSecret::NoSecrets => Err(ControlRefusal::NoSecrets),
        AddSecret::TooMany => Err(ControlRefusal::TooManySecrets),
    }
}

#[inline(never)]
pub(super) fn add_secret<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
    addition: Addition,
) -> Result<ControlReply, Stop> {
    let mut client = existing(rows, client_id)?;
    let urgency = if addition.others_expire_at.is_some() { Urgency::TakesAway } else { Urgency::Gives };
    let secret = attach(&mut client, addition, context).map_err(Stop::Refused)?;
    save(rows, context, &client, urgency)?;
    Ok(ControlReply::ClientWithSecret { client: Box::new(client), secret: Some(secret) })
}

#[inline(never)]
pub(super) fn remove_secret<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
    secret_id: &str,
) -> Result<ControlReply, Stop> {
    let mut client = existing(rows, client_id)?;
    if !life::remove_secret(&mut client, secret_id, context.now) {
        return Err(Stop::Refused(ControlRefusal::NotFound));
    }
    save(rows, context, &client, Urgency::TakesAway)?;
    Ok(ControlReply::Client(Some(Box::new(client))))
}

#[inline(never)]
pub(super) fn set_enabled<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
    enabled: bool,
) -> Result<ControlReply, Stop> {
    let mut client = existing(rows, client_id)?;
    if life::set_enabled(&mut client, enabled, context.now) {
        save(rows, context, &client, if enabled { Urgency::Gives } else { Urgency::TakesAway })?;
    }
    Ok(ControlReply::Client(Some(Box::new(client))))
}

#[inline(never)]
pub(super) fn delete<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    mut head: Head,
    context: &mut Context<'_, E>,
    client_id: &str,
) -> Result<ControlReply, Stop> {
    let mut client = existing(rows, client_id)?;
    if client.has_document() {
        life::forget(&mut client, context.epoch(), context.now);
        save(rows, context, &client, Urgency::TakesAway)?;
        return Ok(ControlReply::Client(None));
    }
    remove(rows, context, client_id)?;
    if client.managed_by == ManagedBy::Config {
        head.declared.retain(|declared| declared != client_id);
        head.config_version += 1;
        head::save(rows, context, &mut head)?;
    }
    refresh_summary(rows, context, &mut head, is_summed_up(&client))?;
    Ok(ControlReply::Client(None))
}

/// Ends everything the client was given so far.
#[inline(never)]
pub(super) fn revoke<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    client_id: &str,
) -> Result<ControlReply, Stop> {
    let mut client = documents::existing(rows, context, client_id)?;
    life::begin_anew(&mut client, context.epoch());
    save(rows, context, &client, Urgency::TakesAway)?;
    Ok(ControlReply::Client(Some(Box::new(client))))
}

/// Ends everything that any client was given so far.
#[inline(never)]
pub(super) fn revoke_all<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &Context<'_, E>,
    mut head: Head,
) -> Result<ControlReply, Stop> {
    head.clients_epoch = Some(context.epoch().later_than(head.clients_epoch));
    head::save(rows, context, &mut head)?;
    Ok(ControlReply::Client(None))
}

impl<E: Entropy> Context<'_, E> {
    /// An epoch that nothing was issued in yet.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch::new(self.now, self.entropy)
    }
}

/// Whether a client shows in what the snapshot says of all of them.
fn is_summed_up(client: &Client) -> bool {
    !client.allowed_origins.is_empty()
        || client.native_sso.is_some()
        || special_grants(client).next().is_some()
}

fn special_grants(client: &Client) -> impl Iterator<Item = GrantType> {
    client.grant_types.iter().copied().filter(|grant| grant.info().on_request_only)
}

fn existing<R: Rows>(rows: &Transaction<'_, R>, client_id: &str) -> Result<Client, Stop> {
    load(rows, client_id)?.ok_or(Stop::Refused(ControlRefusal::NotFound))
}

/// Collects what the issuer as a whole has of its clients, if a change touched any of that: origins, what to
/// advertise, algorithms to have keys for.
pub(super) fn refresh_summary<R: Rows, E: Entropy>(
    rows: &mut Transaction<'_, R>,
    context: &mut Context<'_, E>,
    head: &mut Head,
    touched: bool,
) -> Result<(), Stop> {
    if !touched {
        return Ok(());
    }
    let mut origins = std::collections::BTreeSet::new();
    let mut algs = std::collections::BTreeSet::new();
    let mut grants: Vec<GrantType> = Vec::new();
    let mut native_sso = false;
    let mut after: Option<String> = None;
    loop {
        let page = rows.list::<Client>(CLIENT, after.as_deref(), MAX_PAGE)?;
        if page.is_empty() {
            break;
        }
        for (client_id, client) in page {
            after = Some(client_id);
            native_sso |= client.native_sso.is_some();
            grants.extend(special_grants(&client));
            algs.extend(client.algs());
            origins.extend(client.config.allowed_origins);
        }
    }
    let special: Vec<GrantType> =
        GrantType::ALL.iter().copied().filter(|grant| grants.contains(grant)).collect();
    let same = (&head.origins, &head.special_grants) == (&origins, &special)
        && (head.native_sso, &head.client_algs) == (native_sso, &algs);
    head.origins = origins;
    head.special_grants = special;
    head.native_sso = native_sso;
    head.client_algs = algs;
    if keys::make_wanted(context, head)? || !same {
        head::save(rows, context, head)?;
    }
    Ok(())
}

//! `refresh_token` (RFC 6749 §6, RFC 9700 §4.14.2): rotation with families, in one step in the user's object. The dispatch in
//! `grants` calls it.
//!
//! The order of checks: client authentication → form and tag (no I/O) → in the object: secret, client, expiry, key, scope,
//! resource, user → rotation. `docs/refresh-tokens.md` has the semantics in full.

use super::on_behalf::{granted, invalid_grant, refused, unexpected};
use super::{Decision, GrantRequest};
use crate::protocol::config::ExtraTokenType;
use crate::protocol::federation::use_up;
use crate::protocol::http::error::{Cause, Code, Failure, OAuthError};
use crate::protocol::model::scope::ScopeSet;
use crate::protocol::objects::subject::{Grant, GrantRefusal, Presentation, SubjectCommand, SubjectReply};
use crate::protocol::server::ports::Platform;
use crate::protocol::state::refresh::Policy;
use crate::protocol::tokens::refresh_token::RefreshToken;
use crate::protocol::tokens::target::{Target, offers, without_unknown};

/// Decides what a refresh token comes to. The parameters are `refresh_token`, and `scope` and `resource`, which narrow the access
/// token and nothing else.
///
/// # Errors
/// `invalid_grant`, `invalid_scope`, `invalid_target`.
pub(super) async fn decide<P: Platform>(request: GrantRequest<'_, P>) -> Result<Decision, Failure> {
    let GrantRequest { server, context, client, form, snapshot } = &request;
    let text = form.require("refresh_token", "refresh_token is missing")?;
    let keyring = server.keyring_for(text, context.now).await?;
    let token = RefreshToken::parse(&keyring.derived.refresh, text).ok_or_else(|| {
        invalid_grant(Cause::RefreshTokenForged, "the refresh token is not one of this server's")
    })?;
    let scopes = form.value("scope").map(|text| {
        let malformed =
            OAuthError::new(Code::InvalidScope, Cause::ScopeMalformed, "scope is malformed or too long");
        ScopeSet::parse(text).ok_or(malformed)
    });
    let scopes = scopes.transpose()?.map(|scopes| without_unknown(snapshot, client, scopes));
    let named = form.values("resource");
    let resources: Vec<String> = named.map(|name| snapshot.registered(name).to_owned()).collect();
    // Whatever could fail after the rotation is checked before it, because a rotation that ends in an error costs the client its
    // token.
    if resources.iter().any(|resource| snapshot.resource(resource).is_none()) {
        let description = "a requested resource was not granted";
        return Err(OAuthError::new(Code::InvalidTarget, Cause::ResourceUnknown, description).into());
    }
    use_up(server, context).await?;
    let registered = snapshot.with_included(&client.scopes);
    let ceiling = snapshot.within_role(token.owner, &registered);
    let command = SubjectCommand::Refresh(Box::new(Presentation {
        grant: token.grant,
        generation: token.generation,
        secret: token.secret,
        client_id: client.client_id.clone(),
        incarnation: Some(server.incarnation(client, context.now).await?),
        binding: None,
        scopes: scopes.clone(),
        resources: resources.clone(),
        offers: Some(offers(snapshot, &ceiling, &resources)),
        policy: Policy { refresh: client.refresh.clone(), bound: !client.is_public() },
    }));
    let reply = server.subject(token.owner, &command, context.now).await?;
    let mut state = match reply {
        SubjectReply::Granted(state) => *state,
        SubjectReply::Refused(refusal) => {
            if let GrantRefusal::RefreshReused { distance } = refusal {
                context.distance.set(Some(distance));
            }
            return Err(refused(refusal));
        }
        _ => return Err(unexpected()),
    };
    still_exchanged(&request, &mut state.grant, &resources).await?;
    let narrowed = scopes.map(|scopes| snapshot.with_included(&scopes).intersection(&state.grant.scopes));
    let narrowed = narrowed.unwrap_or_else(|| state.grant.scopes.clone());
    let narrowed = snapshot.within_role(token.owner, &narrowed);
    let issuer = server.issuer.as_str();
    let target = Target::of_grant(snapshot, client, issuer, (&narrowed, &state.grant.resources), &resources)?;
    granted(&request, target, token.grant, state, None).await
}

/// Checks what is left of an exchanged grant: what its client may still get in exchange, as long as all clients it came through
/// are enabled. It is known only after the rotation; should it be permitted again, the client's retry is forgiven.
async fn still_exchanged<P: Platform>(
    request: &GrantRequest<'_, P>,
    grant: &mut Grant,
    named: &[String],
) -> Result<(), Failure> {
    let GrantRequest { server, context, client, snapshot, .. } = request;
    let Some(derived) = grant.derived.clone() else { return Ok(()) };
    let permitted = &client.exchange;
    grant.resources.retain(|resource| permitted.audiences.contains(resource));
    let additional = snapshot.with_included(&permitted.additional_scopes);
    let is_left = |scope: &&str| !derived.added.contains(scope) || additional.contains(scope);
    grant.scopes = grant.scopes.iter().filter(is_left).collect();
    let over = "what this was exchanged for is not permitted any more";
    if !permitted.token_types.contains(&ExtraTokenType::RefreshToken) {
        return Err(invalid_grant(Cause::TokenTypeNotAllowed, over));
    }
    if grant.resources.is_empty() {
        return Err(invalid_grant(Cause::TargetNotAllowed, over));
    }
    if !server.clients_are_enabled(grant, context.now).await? {
        return Err(invalid_grant(Cause::ClientDisabled, over));
    }
    // The object has seen that they were granted; whether they are still permitted it can't know.
    if !named.iter().all(|resource| grant.resources.contains(resource)) {
        return Err(refused(GrantRefusal::ResourceBeyondGrant));
    }
    Ok(())
}

//! Operations on signing keys. None shows a private key.

use serde::{Deserialize, Serialize};

use super::super::control::{Command, Reply};
use super::super::http::Response;
use super::super::jwk::Alg;
use super::super::ports::Platform;
use super::view::KeyView;
use super::{AdminFailure, Call, body, unexpected};

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Keys {
    keys: Vec<KeyView>,
}

/// Body of `POST keys/rotate`; all of it optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct Rotate {
    /// Which algorithm; all in use if absent.
    alg: Option<Alg>,
    /// At once instead of after the announcement: verifiers that cached `/jwks` refuse the new tokens until they
    /// fetch it again.
    immediately: bool,
}

/// `GET keys`.
pub(super) async fn list<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    answer(call, Command::Keys).await
}

/// `POST keys/rotate`: brings the next key forward.
pub(super) async fn rotate<P: Platform>(call: &Call<'_, P>) -> Result<Response, AdminFailure> {
    let Rotate { alg, immediately } = body::read(call.exchange.request)?;
    call.exchange.note_target(alg.map_or("all", Alg::name));
    answer(call, Command::RotateKeys { alg, immediately }).await
}

/// `POST keys/KID/retire`: the emergency. The key is neither published nor used from now on.
pub(super) async fn retire<P: Platform>(call: &Call<'_, P>, kid: &str) -> Result<Response, AdminFailure> {
    answer(call, Command::RetireKey { kid: kid.to_owned() }).await
}

async fn answer<P: Platform>(call: &Call<'_, P>, command: Command) -> Result<Response, AdminFailure> {
    let Reply::Keys(keys) = call.control(command).await? else {
        return Err(unexpected());
    };
    let keys = keys.iter().map(|key| KeyView::new(key, call.exchange.now)).collect();
    body::write(200, &Keys { keys })
}

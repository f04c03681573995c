//! `mintedge token`: an access token with client credentials.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use mintedge::protocol::codec::encoding::from_base64url;
use mintedge::protocol::codec::jws;
use mintedge::protocol::model::client::AuthMethod;
use mintedge::protocol::model::secret::Secret;
use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::args::Globals;
use crate::ask::secret_line;
use crate::failure::Failure;
use crate::remote::{
    TokenRequest, TokenResponse, request_token, secret_from_environment, server_without_file,
};

/// What to ask for, and as whom.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// The client that asks; its secret comes from `MINTEDGE_CLIENT_SECRET` or --secret-stdin.
    #[arg(long, value_name = "ID", env = "MINTEDGE_CLIENT_ID", hide_env_values = true)]
    client_id: String,
    /// A scope to ask for; repeatable. Without it everything the client may have.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// A resource the token is for (RFC 8707); repeatable.
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// How the client authenticates.
    #[arg(long, value_enum, default_value = "basic")]
    auth_method: Method,
    /// Read the secret from standard input.
    #[arg(long)]
    secret_stdin: bool,
    /// Print the token's header and claims too. Their signature is not checked.
    #[arg(long)]
    decode: bool,
}

/// The two ways a secret can travel.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// In the Authorization header.
    Basic,
    /// In the body.
    Post,
}

#[derive(Serialize)]
struct Token {
    #[serde(flatten)]
    response: TokenResponse,
    #[serde(flatten)]
    decoded: Option<Decoded>,
}

#[derive(Serialize)]
struct Decoded {
    header: Value,
    claims: Value,
}

pub(super) fn run(globals: &Globals, args: &TokenArgs) -> Result<Answer, Failure> {
    let server = server_without_file(globals)?;
    let method = match args.auth_method {
        Method::Basic => AuthMethod::ClientSecretBasic,
        Method::Post => AuthMethod::ClientSecretPost,
    };
    let request = TokenRequest {
        client_id: &args.client_id,
        secret: &secret(args.secret_stdin)?,
        method,
        scopes: &args.scope,
        resources: &args.resource,
    };
    let response = request_token(&server, &request)?;
    let decoded = if args.decode { Some(decode(&response.access_token)?) } else { None };
    let mut text = response.access_token.clone();
    if let Some(decoded) = &decoded {
        for part in [&decoded.header, &decoded.claims] {
            let _ = write!(text, "\n{}", serde_json::to_string_pretty(part).unwrap_or_default());
        }
    }
    Ok(Answer::new(text, &Token { response, decoded }))
}

fn secret(from_stdin: bool) -> Result<Secret, Failure> {
    if from_stdin {
        return secret_line("secret");
    }
    secret_from_environment()?.ok_or_else(|| {
        Failure::usage("the client's secret is missing: set MINTEDGE_CLIENT_SECRET, or pass --secret-stdin")
    })
}

fn decode(token: &str) -> Result<Decoded, Failure> {
    let json = |part: &str| serde_json::from_slice(&from_base64url(part)?).ok();
    let decoded = jws::parts(token)
        .and_then(|[header, claims, _]| Some(Decoded { header: json(header)?, claims: json(claims)? }));
    decoded.ok_or_else(|| Failure::other("the token is no JWT; leave out --decode"))
}

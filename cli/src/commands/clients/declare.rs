//! Registering and changing single clients.

use clap::Args;
use clap::builder::PossibleValuesParser;
use mintedge::protocol::admin::{ClientView, NewSecretView};
use mintedge::protocol::client::AuthMethod;
use mintedge::protocol::grants::GrantType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::One;
use crate::answer::Answer;
use crate::duration;
use crate::failure::Failure;
use crate::issued::shown;
use crate::remote::{Session, client_path};

/// A new client.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Its id; without it the server makes one.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[command(flatten)]
    declaration: Declaration,
}

/// A client and what changes.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    client: One,
    #[command(flatten)]
    declaration: Declaration,
}

/// What a client says of itself; see `[[client]]`.
#[derive(Debug, Args)]
struct Declaration {
    /// A name for people.
    #[arg(long)]
    name: Option<String>,
    /// A grant it may use; repeatable.
    #[arg(long, value_name = "GRANT", value_parser = grant_names())]
    grant: Vec<String>,
    /// A scope it may ask for; repeatable.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// How it authenticates.
    #[arg(long, value_parser = PossibleValuesParser::new(AuthMethod::ALL.map(AuthMethod::name)))]
    auth_method: Option<String>,
    /// A web origin whose scripts may read the token endpoint's answers; repeatable.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// Lifetime of its access tokens, such as 90s or 10m.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    ttl: Option<u64>,
    /// A claim of its access tokens; JSON, else a string; repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    claim: Vec<(String, Value)>,
}

fn grant_names() -> PossibleValuesParser {
    PossibleValuesParser::new(GrantType::ALL.iter().map(|grant| grant.name()))
}

/// `tenant=acme`, `level=3`, `roles=["a","b"]`.
fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("a claim is NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

#[derive(Serialize, Deserialize)]
struct WithSecret {
    client: ClientView,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<NewSecretView>,
}

impl WithSecret {
    fn answer(&self, what: &str) -> Answer {
        let mut text = format!("{what} client {}.\n", self.client.declaration.client_id);
        if let Some(secret) = &self.secret {
            text.push('\n');
            text.push_str(&shown(std::slice::from_ref(secret)));
        }
        Answer::new(text, self)
    }
}

pub(super) fn create(session: &Session, args: &CreateArgs) -> Result<Answer, Failure> {
    let mut body = args.declaration.members();
    if let Some(client_id) = &args.client_id {
        body.insert("client_id".to_owned(), client_id.as_str().into());
    }
    let created: WithSecret = session.post("clients", &body)?;
    Ok(created.answer("Registered"))
}

pub(super) fn update(session: &Session, args: &UpdateArgs) -> Result<Answer, Failure> {
    let path = client_path(&args.client.client_id, "");
    let changes = args.declaration.members();
    if changes.is_empty() {
        return Err(Failure::usage("say what is to change, such as --scope orders:read"));
    }
    let current: ClientView = session.get(&path)?;
    let mut body = match serde_json::to_value(&current.declaration) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    body.extend(changes);
    let updated: WithSecret = session.put(&path, None, &body)?;
    Ok(updated.answer("Changed"))
}

impl Declaration {
    /// What was said, in the server's words.
    fn members(&self) -> Map<String, Value> {
        let list = |values: &[String]| Some(Value::from(values)).filter(|_| !values.is_empty());
        let claims: Map<String, Value> = self.claim.iter().cloned().collect();
        let said = [
            ("client_name", self.name.as_deref().map(Value::from)),
            ("grant_types", list(&self.grant)),
            ("scopes", list(&self.scope)),
            ("token_endpoint_auth_method", self.auth_method.as_deref().map(Value::from)),
            ("allowed_origins", list(&self.origin)),
            ("access_token_ttl", self.ttl.map(Value::from)),
            ("claims", Some(Value::Object(claims)).filter(|_| !self.claim.is_empty())),
        ];
        said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

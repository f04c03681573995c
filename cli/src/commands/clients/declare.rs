//! Registering and changing single clients.

use clap::Args;
use mintedge::protocol::admin::{ClientView, NewSecretView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::One;
use super::settings::{self, Declaration};
use crate::answer::Answer;
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
    /// A setting to take out, such as `logo_uri` or `refresh.idle`; repeatable.
    #[arg(long, value_name = "SETTING", value_parser = settings::paths())]
    unset: Vec<String>,
    #[command(flatten)]
    declaration: Declaration,
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
    let mut body = Map::new();
    args.declaration.write_to(&mut body);
    if let Some(client_id) = &args.client_id {
        body.insert("client_id".to_owned(), client_id.as_str().into());
    }
    let created: WithSecret = session.post("clients", &body)?;
    Ok(created.answer("Registered"))
}

pub(super) fn update(session: &Session, args: &UpdateArgs) -> Result<Answer, Failure> {
    let path = client_path(&args.client.client_id, "");
    if args.declaration.is_empty() && args.unset.is_empty() {
        return Err(Failure::usage("say what is to change, such as --scope orders:read"));
    }
    let current: ClientView = session.get(&path)?;
    let mut body = match serde_json::to_value(&current.declaration) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    args.unset.iter().for_each(|path| settings::unset(&mut body, path));
    args.declaration.write_to(&mut body);
    let updated: WithSecret = session.put(&path, None, &body)?;
    Ok(updated.answer("Changed"))
}

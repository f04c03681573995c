//! Making and changing accounts.

use clap::Args;
use mintedge::protocol::admin::{UserView, UserWithLink};
use mintedge::protocol::model::secret::Secret;
use mintedge::protocol::tokens::user_claims::is_settable;
use serde_json::{Map, Value, json};

use super::password::PasswordArgs;
use super::{One, view};
use crate::answer::Answer;
use crate::failure::Failure;
use crate::remote::{Session, user_path};

/// A new account.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    password: PasswordArgs,
    /// Make an account nobody can log in to until `reset`.
    #[arg(long, group = "password")]
    no_password: bool,
}

/// A new account whose owner is to choose a password.
#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    #[command(flatten)]
    who: Who,
}

/// Somebody who is new.
#[derive(Debug, Args)]
struct Who {
    /// What they log in with: an email address or a name.
    #[arg(value_name = "LOGIN")]
    login: String,
    /// A standard claim, such as name=Ada; repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    claim: Vec<(String, Value)>,
}

/// An account and what changes.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    user: One,
    /// What they log in with from now on.
    #[arg(long, value_name = "LOGIN")]
    login: Option<String>,
    /// A standard claim, such as name=Ada; repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    claim: Vec<(String, Value)>,
    /// A claim to remove; repeatable.
    #[arg(long, value_name = "NAME", value_parser = claim_name)]
    remove_claim: Vec<String>,
    #[command(flatten)]
    password: PasswordArgs,
}

/// `name=Ada`, `email_verified=true`, `address={"country":"UK"}`.
fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("a claim is NAME=VALUE")?;
    let value = match name {
        "email_verified" | "phone_number_verified" | "address" => {
            serde_json::from_str(value).map_err(|_| format!("the value of {name} is JSON"))?
        }
        _ => Value::from(value),
    };
    Ok((claim_name(name)?, value))
}

fn claim_name(name: &str) -> Result<String, String> {
    if is_settable(name) {
        return Ok(name.to_owned());
    }
    Err(format!("`{name}` is no standard claim about a person (OpenID Connect Core §5.1)"))
}

impl Who {
    fn body(&self) -> Map<String, Value> {
        let claims: Map<String, Value> = self.claim.iter().cloned().collect();
        [("login", self.login.as_str().into()), ("claims", claims.into())]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

/// Opens the session only when everything else is there: nobody types a password in vain.
pub(super) fn create(
    open: impl FnOnce() -> Result<Session, Failure>,
    args: &CreateArgs,
) -> Result<Answer, Failure> {
    let mut body = args.who.body();
    let generated = if args.no_password { None } else { args.password.add_to(&mut body)? };
    let created: UserWithLink = open()?.post("users", &body)?;
    let text = format!("Made user {} ({}).", created.user.login, created.user.sub);
    Ok(with_password(text, json!({ "user": created.user }), generated.as_ref()))
}

pub(super) fn invite(session: &Session, args: &InviteArgs) -> Result<Answer, Failure> {
    let mut body = args.who.body();
    body.insert("invite".to_owned(), true.into());
    let invited: UserWithLink = session.post("users", &body)?;
    let text = format!("Made user {} ({}).", invited.user.login, invited.user.sub);
    Ok(Answer::new(view::link(&text, &invited), &invited))
}

pub(super) fn set(
    open: impl FnOnce() -> Result<Session, Failure>,
    args: &SetArgs,
) -> Result<Answer, Failure> {
    let removed = args.remove_claim.iter().map(|name| (name.clone(), Value::Null));
    let claims: Map<String, Value> = args.claim.iter().cloned().chain(removed).collect();
    let mut body = Map::new();
    if !claims.is_empty() {
        body.insert("claims".to_owned(), claims.into());
    }
    if let Some(login) = &args.login {
        body.insert("login".to_owned(), login.as_str().into());
    }
    let generated = if args.password.is_given() { args.password.add_to(&mut body)? } else { None };
    if body.is_empty() {
        return Err(Failure::usage("say what is to change, such as --claim name=Ada"));
    }
    let user: UserView = open()?.patch(&user_path(&args.user.user, ""), &body)?;
    let mut text = format!("Changed user {} ({}).", user.login, user.sub);
    if args.password.is_given() {
        text.push_str(" They are signed out everywhere.");
    }
    Ok(with_password(text, json!({ "user": user }), generated.as_ref()))
}

fn with_password(text: String, mut json: Value, generated: Option<&Secret>) -> Answer {
    let Some(password) = generated else { return Answer::new(text, &json) };
    if let Some(members) = json.as_object_mut() {
        members.insert("password".to_owned(), password.expose().into());
    }
    Answer::new(view::password(&text, password), &json)
}

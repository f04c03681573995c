//! The commands, one file each.

mod administrators;
pub(crate) mod apply;
pub(crate) mod clients;
pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod grants;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod plan;
pub(crate) mod resource_metadata;
pub(crate) mod schema;
pub(crate) mod token;
pub(crate) mod users;
mod validate;
mod whoami;

use crate::answer::Answer;
use crate::args::{Cli, Command};
use crate::doctor;
use crate::failure::Failure;

/// Runs the command.
///
/// # Errors
/// Whatever keeps it from doing what it was asked.
pub(crate) fn run(cli: &Cli) -> Result<Answer, Failure> {
    let globals = &cli.globals;
    match &cli.command {
        Command::Init(args) => init::run(globals, args),
        Command::Login(args) => login::run(globals, args),
        Command::Logout(args) => logout::run(globals, args),
        Command::Whoami => whoami::run(globals),
        Command::Validate(args) => validate::run(args),
        Command::Plan(args) => plan::run(globals, args),
        Command::Apply(args) => apply::run(globals, args),
        Command::Export(args) => export::run(globals, args),
        Command::Schema(args) => schema::run(args),
        Command::Clients(command) => clients::run(globals, command),
        Command::Users(command) => users::run(globals, command),
        Command::Grants(command) => grants::run(globals, command),
        Command::Keys(command) => keys::run(globals, command),
        Command::Token(args) => token::run(globals, args),
        Command::Doctor(args) => doctor::run(globals, args),
        Command::Explain(args) => explain::run(globals, args),
        Command::ResourceMetadata(args) => resource_metadata::run(globals, args),
        Command::Import(command) => import::run(globals, command),
        Command::Completions(args) => Ok(completions::run(args)),
    }
}

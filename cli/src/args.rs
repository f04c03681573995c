//! The command line.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

use crate::commands::{
    apply, clients, completions, explain, export, grants, import, init, keys, login, logout, plan,
    resource_metadata, schema, token, users,
};
use crate::doctor::DoctorArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold());

const AFTER_HELP: &str = "\
Environment:
  MINTEDGE_ISSUER          The server, as --issuer
  MINTEDGE_ADDRESS         Where it is reached, as --address
  MINTEDGE_CA_CERTIFICATE  Certificates to trust, as --ca-certificate
  MINTEDGE_ADMIN_SECRET    The deployment's ADMIN_SECRET, for the admin API, instead of a login
  MINTEDGE_CLIENT_ID       Another client for the admin API, instead of a login, with
  MINTEDGE_CLIENT_SECRET   its secret; `token` reads its client's secret from here too
  MINTEDGE_KEYRING=off     Keep logins in files, not in the system's keyring
  NO_COLOR                 No colors

Exit codes: 0 success, 1 failure, 2 changes (plan --detailed-exitcode), 3 invalid configuration,
4 refused by the server, 5 version conflict, 6 server unreachable, 64 wrong usage";

/// Configures and operates a Mintedge authorization server.
#[derive(Debug, Parser)]
#[command(name = "mintedge", version, styles = STYLES, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command has.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// The server's issuer URL; without it the `issuer` of the configuration file counts.
    #[arg(long, global = true, value_name = "URL", env = "MINTEDGE_ISSUER", hide_env_values = true)]
    pub(crate) issuer: Option<String>,
    /// Where the server is reached, if not at its issuer: behind a proxy, under a private name.
    #[arg(long, global = true, value_name = "URL", env = "MINTEDGE_ADDRESS", hide_env_values = true)]
    pub(crate) address: Option<String>,
    /// A file with certificates (PEM) to trust besides the system's.
    #[arg(long, global = true, value_name = "FILE", env = "MINTEDGE_CA_CERTIFICATE", hide_env_values = true)]
    pub(crate) ca_certificate: Option<PathBuf>,
    /// Print JSON: the answer on standard output, a failure on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first configuration file and make the deployment's secrets.
    Init(init::InitArgs),
    /// Sign in as an administrator, with a browser.
    Login(login::LoginArgs),
    /// Sign out: end the login here and at the server.
    Logout(logout::LogoutArgs),
    /// Show who is signed in, and what they may do.
    Whoami,
    /// Check a configuration file without asking the server.
    Validate(FileArgs),
    /// Show what applying a configuration file would change.
    Plan(plan::PlanArgs),
    /// Put a configuration file into force.
    Apply(apply::ApplyArgs),
    /// Print the configuration in force as TOML.
    Export(export::ExportArgs),
    /// Print the JSON Schema of the configuration file.
    Schema(schema::SchemaArgs),
    /// Show and change single clients.
    #[command(subcommand)]
    Clients(clients::ClientsCommand),
    /// Make, show and change people's accounts.
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Show and revoke what clients got for a person.
    #[command(subcommand)]
    Grants(grants::GrantsCommand),
    /// Show, rotate and retire signing keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Ask for an access token with client credentials.
    Token(token::TokenArgs),
    /// Look for what is wrong with a deployment, or with an MCP server and its authorization server.
    Doctor(DoctorArgs),
    /// Say which rule a foreign token fits, and why the others don't.
    Explain(explain::ExplainArgs),
    /// Print what a resource serves of itself: its metadata (RFC 9728), and the header of a 401.
    ResourceMetadata(resource_metadata::ResourceMetadataArgs),
    /// Turn another server's configuration into a file.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
}

/// A configuration file.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The configuration file.
    #[arg(value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(crate) file: PathBuf,
}

/// The configuration file's usual name.
pub(crate) const DEFAULT_FILE: &str = "mintedge.toml";

//! `mintedge doctor`: walks the way of a client through an authorization server and says at each step what is wrong.
//!
//! `mintedge doctor mcp URL` begins at an MCP server, whoever made it and its authorization server, and follows what the MCP
//! specification and its RFCs have clients do. `mintedge doctor` looks at an own deployment. Neither changes anything, unless
//! `--register` asks for a client. A walk is bounded in time, requests and bytes ([`fetch`]), and follows no redirections.

mod authorize;
mod challenge;
mod fetch;
mod keys;
mod own;
mod place;
mod registration;
mod report;
mod resource;
mod rule;
mod server;
mod token;

use clap::{Args, Subcommand};

use crate::answer::Answer;
use crate::args::Globals;
use crate::failure::Failure;
use authorize::Client;
use fetch::Fetcher;
use report::Report;

/// The revision of MCP that requests are said to be of.
const REVISION: &str = "2025-11-25";

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(subcommand)]
    subject: Option<Subject>,
}

/// What can be looked at besides the own deployment.
#[derive(Debug, Subcommand)]
enum Subject {
    /// An MCP server and its authorization server, as an MCP client meets them.
    Mcp(McpArgs),
}

/// Which MCP server, and as whom.
#[derive(Debug, Args)]
struct McpArgs {
    /// The MCP server's URL, as people type it into their client.
    #[arg(value_name = "URL")]
    url: String,
    /// A registered client, or the address of a client's document, to reach the login page with.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// A redirect URI of that client.
    #[arg(long, value_name = "URI", default_value = registration::REDIRECT_URI, requires = "client_id")]
    redirect_uri: String,
    /// The scopes to ask for; else those of the challenge.
    #[arg(long)]
    scope: Option<String>,
    /// Register a client, which stays behind.
    #[arg(long, conflicts_with = "client_id")]
    register: bool,
}

pub(crate) fn run(globals: &Globals, args: &DoctorArgs) -> Result<Answer, Failure> {
    match &args.subject {
        None => own::run(globals),
        Some(Subject::Mcp(args)) => mcp(globals, args),
    }
}

fn mcp(globals: &Globals, args: &McpArgs) -> Result<Answer, Failure> {
    let fetcher = Fetcher::new(&args.url, globals.ca_certificate.as_deref())?;
    let mut report = Report::default();
    walk(&mut report, &fetcher, args);
    Ok(report.answer(&args.url))
}

fn walk(report: &mut Report, fetcher: &Fetcher, args: &McpArgs) {
    report.step("address");
    if !fetcher.permits(&args.url) || args.url.contains('#') {
        let said = "an MCP server has an https URL without a fragment (http on this machine only)";
        return report.fail(rule::RESOURCE_URL, said);
    }
    report.ok("an absolute URL that a token can be for");
    let Some(challenge) = challenge::check(report, fetcher, &args.url) else { return };
    let resource = resource::check(report, fetcher, &args.url, &challenge);
    if let Some(metadata) = server::check(report, fetcher, &resource.issuer) {
        keys::check(report, fetcher, &metadata);
        let registered = registration::check(report, fetcher, &metadata, args.register);
        let client = args.client_id.as_deref().or(registered.as_deref()).map(|id| Client {
            id,
            redirect_uri: &args.redirect_uri,
            resource: &resource.identifier,
            scope: args.scope.as_deref().or(challenge.scope.as_deref()),
        });
        authorize::check(report, fetcher, &metadata, &resource.identifier, client.as_ref());
        token::check(report, fetcher, &metadata, &resource.identifier);
    }
    challenge::check_made_up_token(report, fetcher, &args.url);
}

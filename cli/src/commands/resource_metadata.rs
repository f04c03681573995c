//! `mintedge resource-metadata`: what a resource serves of itself (RFC 9728), for those that aren't served by Mintedge. It asks no
//! server.

use std::path::PathBuf;

use clap::Args;
use mintedge::protocol::config::protected_resource::ResourceMetadata;
use mintedge::protocol::config::resource_metadata::metadata_url;
use mintedge::protocol::config::snapshot::Snapshot;
use mintedge::protocol::model::issuer::Issuer;
use serde::Serialize;

use crate::answer::Answer;
use crate::args::{DEFAULT_FILE, Globals};
use crate::failure::Failure;
use crate::file::ConfigFile;
use crate::remote::expected_issuer;

/// Which resource.
#[derive(Debug, Args)]
pub(crate) struct ResourceMetadataArgs {
    /// The resource's identifier.
    #[arg(value_name = "IDENTIFIER")]
    identifier: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    file: PathBuf,
}

/// What the resource serves, and where.
#[derive(Debug, Serialize)]
struct Snippet {
    /// Where the document belongs.
    url: String,
    document: ResourceMetadata,
    /// The header of a 401.
    www_authenticate: String,
}

pub(super) fn run(globals: &Globals, args: &ResourceMetadataArgs) -> Result<Answer, Failure> {
    let file = ConfigFile::read(&args.file)?;
    let own = expected_issuer(globals, file.config.issuer.as_deref())?;
    let own =
        own.ok_or_else(|| Failure::usage("say which server it is: `--issuer`, or `issuer` in the file"))?;
    let issuer = Issuer::parse(own).map_err(|error| Failure::usage(error.to_string()))?;
    let snapshot = Snapshot::of(&file.config, &issuer);
    let resource = snapshot.resource(&args.identifier).ok_or_else(|| {
        Failure::usage(format!("there is no resource `{}` in {}", args.identifier, args.file.display()))
    })?;
    let (Some(url), Some(www_authenticate)) = (metadata_url(&resource.identifier), resource.challenge())
    else {
        return Err(Failure::usage(
            "only a resource whose identifier is an https URL has metadata (RFC 9728 §1.2)",
        ));
    };
    let snippet = Snippet { url, document: resource.metadata_at(issuer.as_str()), www_authenticate };
    let document = serde_json::to_string_pretty(&snippet.document).unwrap_or_default();
    let text = format!(
        "{document}\n\nServe this as application/json at\n  {}\nand answer requests without a good token with 401 and\n  WWW-Authenticate: {}",
        snippet.url, snippet.www_authenticate
    );
    Ok(Answer::new(text, &snippet))
}

//! `mintedge schema`: the JSON Schema of the configuration file, for editors; or the admin API's description.

use clap::Args;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::config_schema;

/// Of what.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The admin API's `OpenAPI` description instead, as every server has it at `/admin/v1/openapi.json`.
    #[arg(long)]
    admin_api: bool,
}

pub(super) fn run(args: &SchemaArgs) -> Result<Answer, Failure> {
    if args.admin_api {
        return Ok(Answer::text(mintedge::protocol::admin::openapi()));
    }
    let text =
        serde_json::to_string_pretty(config_schema()).map_err(|error| Failure::other(error.to_string()))?;
    Ok(Answer::text(text))
}

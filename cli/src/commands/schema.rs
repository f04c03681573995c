//! `mintedge schema`: the JSON Schema of the configuration file, for editors.

use crate::answer::Answer;
use crate::failure::Failure;
use crate::file::config_schema;

pub(super) fn run() -> Result<Answer, Failure> {
    let text =
        serde_json::to_string_pretty(config_schema()).map_err(|error| Failure::other(error.to_string()))?;
    Ok(Answer::text(text))
}

//! `cargo xtask wrangler`: wrangler with the settings of this deployment, which stand in a file of their own. `wrangler.toml` belongs
//! to the source and stays as it is, so that an update never meets a changed one.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::Result;
use crate::process::run;
use crate::server::CONFIG;
use crate::setup::Tools;

/// The deployment's own settings, in wrangler's words; git doesn't know the file.
const OWN: &str = "deployment.toml";
/// Both together, made anew each time: wrangler reads one file.
const MERGED: &str = "wrangler.deployment.toml";
/// Tells the build which issuer is deployed.
pub(crate) const ISSUER: &str = "MINTEDGE_DEPLOYED_ISSUER";

/// Runs wrangler with `arguments` and the merged settings.
///
/// # Errors
/// When the settings can't be merged, would deploy a server for nobody but this machine, or wrangler fails.
pub(crate) fn wrangler(tools: &Tools, arguments: &[&str]) -> Result {
    let merged = merged(&fs::read_to_string(CONFIG)?, fs::read_to_string(OWN).ok().as_deref())?;
    let issuer = issuer(&merged).to_owned();
    if deploys(&arguments.join(" ")) {
        refuse_loopback(&issuer)?;
    }
    fs::write(MERGED, format!("# Made from {CONFIG} and {OWN}; changes here are lost.\n{merged}"))?;
    run(tools.wrangler()?.args(arguments).args(["--config", MERGED]).env(ISSUER, issuer))
}

/// What the build command does first: wrangler says in `WRANGLER_COMMAND` what it builds for.
///
/// # Errors
/// When a server for nobody but this machine would be deployed.
pub(crate) fn check_before_build() -> Result {
    let command = std::env::var("WRANGLER_COMMAND").unwrap_or_default();
    if !deploys(&command) {
        return Ok(());
    }
    let deployed = match std::env::var(ISSUER) {
        Ok(issuer) => issuer,
        Err(_) => issuer(&fs::read_to_string(CONFIG)?.parse()?).to_owned(),
    };
    refuse_loopback(&deployed)
}

fn deploys(command: &str) -> bool {
    command.starts_with("deploy") || command.starts_with("versions upload")
}

fn merged(base: &str, own: Option<&str>) -> Result<Table> {
    let mut table: Table = base.parse()?;
    if let Some(own) = own {
        let own = own.parse().map_err(|error| format!("{OWN}: {error}"))?;
        merge(&mut table, own);
    }
    Ok(table)
}

/// Tables are merged; whatever else `own` says takes the place of what is there.
fn merge(base: &mut Table, own: Table) {
    for (name, value) in own {
        match (base.get_mut(&name), value) {
            (Some(Value::Table(base)), Value::Table(own)) => merge(base, own),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

fn issuer(config: &Table) -> &str {
    config.get("vars").and_then(|vars| vars.get("ISSUER")).and_then(Value::as_str).unwrap_or_default()
}

fn refuse_loopback(issuer: &str) -> Result {
    if issuer.starts_with("https://") {
        return Ok(());
    }
    let example = "[vars]\nISSUER = \"https://id.example.com\"";
    let file = Path::new(OWN).display();
    Err(format!(
        "ISSUER is `{issuer}`, which nobody else can reach. Write the public https URL of this deployment to {file}:\n\n{example}\n\n\
         then run: cargo xtask wrangler deploy"
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "name = \"mintedge\"\n[vars]\nISSUER = \"http://127.0.0.1:8787\"\nA = \"1\"\n[[kv_namespaces]]\nbinding = \"KV\"\n";

    #[test]
    fn own_settings_take_the_place_of_the_sources_and_the_rest_stays() {
        let own = "workers_dev = false\nroutes = [{ pattern = \"id.example.com\", custom_domain = true }]\n[vars]\nISSUER = \"https://id.example.com\"\n[[kv_namespaces]]\nbinding = \"KV\"\nid = \"abc\"\n";
        let merged = merged(BASE, Some(own)).expect("merged");
        assert_eq!(issuer(&merged), "https://id.example.com");
        let text = merged.to_string();
        for line in ["name = \"mintedge\"", "workers_dev = false", "A = \"1\"", "id = \"abc\""] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert_eq!(text.matches("kv_namespaces").count(), 1, "{text}");
        assert_eq!(text.parse::<Table>().expect("TOML"), merged);
    }

    /// What the guide says to write, the lines for a domain first as it says.
    #[test]
    fn the_documented_settings_are_wranglers_own() {
        let guide = include_str!("../../docs/deploy.md");
        let blocks =
            guide.split("<!-- wrangler -->\n```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let own: String = blocks.collect::<Vec<_>>().into_iter().rev().collect();
        let merged = merged(include_str!("../../wrangler.toml"), Some(&own)).expect("merged");
        assert_eq!(issuer(&merged), "https://id.example.com");
        assert!(merged.get("routes").is_some_and(Value::is_array) && merged.contains_key("durable_objects"));
    }

    #[test]
    fn a_server_for_nobody_else_is_not_deployed() {
        let merged = merged(BASE, None).expect("merged");
        let refusal = refuse_loopback(issuer(&merged)).expect_err("refused").to_string();
        assert!(
            refusal.contains("deployment.toml") && refusal.contains("http://127.0.0.1:8787"),
            "{refusal}"
        );
        refuse_loopback("https://id.example.com").expect("deployed");
        for (command, expected) in
            [("deploy --dry-run", true), ("versions upload", true), ("dev", false), ("secret put KEK", false)]
        {
            assert_eq!(deploys(command), expected, "{command}");
        }
    }
}

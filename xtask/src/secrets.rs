//! Secrets of local and test deployments.

use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::Result;
use crate::files::write_private;

/// The secrets a deployment is given with `wrangler secret put`, or locally in a `.dev.vars` file.
pub(crate) struct DeploymentSecrets {
    /// Authenticates the admin API.
    pub(crate) admin: String,
    /// Wraps the signing keys at rest.
    key_encryption_key: String,
}

impl DeploymentSecrets {
    /// Makes new ones.
    pub(crate) fn generate() -> Result<Self> {
        Ok(Self {
            admin: format!("mea_{}", random()?),
            key_encryption_key: random()?,
        })
    }

    /// Those of a `.dev.vars` file; the file is made when it is missing.
    pub(crate) fn load_or_create(path: &Path) -> Result<Self> {
        if !path.exists() {
            let secrets = Self::generate()?;
            secrets.write(path)?;
            println!(
                "==> Made {} with new secrets for local development",
                path.display()
            );
            return Ok(secrets);
        }
        let text = std::fs::read_to_string(path)?;
        let value = |name: &str| {
            let line = text
                .lines()
                .find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='));
            let value = line.map(|value| value.trim().trim_matches('"').to_owned());
            value.ok_or_else(|| {
                format!(
                    "{} has no {name}; delete the file to get a new one",
                    path.display()
                )
            })
        };
        Ok(Self {
            admin: value("ADMIN_SECRET")?,
            key_encryption_key: value("KEK").unwrap_or_default(),
        })
    }

    /// Writes them as a `.dev.vars` file.
    pub(crate) fn write(&self, path: &Path) -> Result {
        write_private(
            path,
            &format!(
                "ADMIN_SECRET=\"{}\"\nKEK=\"{}\"\n",
                self.admin, self.key_encryption_key
            ),
        )
    }
}

/// 256 random bits, base64url.
fn random() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

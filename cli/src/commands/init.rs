//! `mintedge init`: a first configuration file, or the deployment's secrets. Never both: whoever follows the guide makes the
//! secrets once, and a second set would be taken for theirs.

use std::path::{Path, PathBuf};

use clap::Args;
use mintedge::protocol::codec::encoding::secret_base64url;
use mintedge::protocol::model::issuer::Issuer;
use mintedge::protocol::{
    model::secret::ADMIN_SECRET_PREFIX, model::secret::Secret, model::secret::SecretBytes,
};
use serde_json::json;
use toml_edit::{DocumentMut, TomlError, value};

use crate::answer::Answer;
use crate::args::{DEFAULT_FILE, Globals};
use crate::failure::Failure;
use crate::private_file;
use crate::random::SystemEntropy;
use crate::style::bold;
use crate::toml_text::comment_out;

const STARTER: &str = include_str!("starter.toml");

/// What to make.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Where to write mintedge.toml.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Make the deployment's secrets and print them, no file.
    #[arg(long, conflicts_with = "dir")]
    secrets: bool,
    /// Make the deployment's secrets and write them as a new .dev.vars file instead of printing them.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    dev_vars: Option<PathBuf>,
}

/// What a deployment needs to know and nobody else may.
struct DeploymentSecrets {
    admin: Secret,
    kek: Secret,
}

pub(super) fn run(globals: &Globals, args: &InitArgs) -> Result<Answer, Failure> {
    if let Some(path) = &args.dev_vars {
        let secrets = DeploymentSecrets::generate();
        private_file::create(path, &secrets.dev_vars())?;
        let text = format!(
            "Wrote {} with a new ADMIN_SECRET and KEK. Keep it out of version control.",
            path.display()
        );
        return Ok(Answer::new(text, &json!({ "files": [path] })));
    }
    if args.secrets {
        let secrets = DeploymentSecrets::generate();
        return Ok(Answer::new(
            secrets.instructions(),
            &json!({ "secrets": secrets.to_json(), "files": [] }),
        ));
    }
    let path = args.dir.join(DEFAULT_FILE);
    write_starter(&path, globals.issuer.as_deref())?;
    let text = format!(
        "Wrote {path}. Change it to your needs, then check it with:\n\n  mintedge validate {path}\n\n\
         A new deployment needs secrets, too: `mintedge init --secrets` makes them.",
        path = path.display()
    );
    Ok(Answer::new(text, &json!({ "files": [path] })))
}

fn write_starter(path: &Path, issuer: Option<&str>) -> Result<(), Failure> {
    if let Some(issuer) = issuer {
        Issuer::parse(issuer).map_err(|error| Failure::usage(format!("--issuer: {error}")))?;
    }
    let starter = starter(issuer)?;
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|error| Failure::file("create", directory, &error))?;
    }
    let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = created.map_err(|error| Failure::file("create", path, &error))?;
    std::io::Write::write_all(&mut file, starter.as_bytes())
        .map_err(|error| Failure::file("write", path, &error))
}

/// The starter for `issuer`; without one, the line that names it is a comment to be filled in.
fn starter(issuer: Option<&str>) -> Result<String, Failure> {
    let mut document: DocumentMut =
        STARTER.parse().map_err(|error: TomlError| Failure::other(error.to_string()))?;
    match (issuer, document.get_mut("issuer")) {
        (Some(issuer), Some(member)) => *member = value(issuer),
        _ => comment_out(&mut document, "issuer"),
    }
    Ok(document.to_string())
}

impl DeploymentSecrets {
    fn generate() -> Self {
        Self {
            admin: Secret::generate(ADMIN_SECRET_PREFIX, &SystemEntropy),
            kek: Secret::received(secret_base64url(SecretBytes::generate(&SystemEntropy).expose())),
        }
    }

    fn dev_vars(&self) -> String {
        format!("ADMIN_SECRET=\"{}\"\nKEK=\"{}\"\n", self.admin.expose(), self.kek.expose())
    }

    fn to_json(&self) -> serde_json::Value {
        json!({ "ADMIN_SECRET": self.admin.expose(), "KEK": self.kek.expose() })
    }

    fn instructions(&self) -> String {
        format!(
            "{title}\n\n  \
             ADMIN_SECRET  {admin}\n  KEK           {kek}\n\n\
             Store both in a password manager, then give them to the Worker. Each command asks for the value:\n\n  \
             npx wrangler secret put ADMIN_SECRET\n  npx wrangler secret put KEK\n\n\
             ADMIN_SECRET opens the admin API: export it as MINTEDGE_ADMIN_SECRET for this command.\n\
             KEK wraps the server's keys at rest. Whoever loses it loses the deployment: all accounts, too.\n\
             A deployment that has them already keeps them: docs/operations.md says how each is replaced.",
            title = bold("New secrets, shown only now:"),
            admin = self.admin.expose(),
            kek = self.kek.expose(),
        )
    }
}

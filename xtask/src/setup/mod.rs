//! Installs what is missing, says what it does, and knows how to call what is there.

mod debian;
mod node;
mod npm;
mod python;
mod rust_tools;
mod wasm_target;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

pub(crate) use python::ensure as python;
pub(crate) use rust_tools::cargo_deny;

use crate::Result;
use crate::files::{self, TOOLS};
use crate::process::capture;
use wasm_target::WasmTarget;

/// The tools of this checkout and the environment they need.
pub(crate) struct Tools {
    wasm_target: WasmTarget,
    node: Option<PathBuf>,
}

/// What `cargo xtask setup` installs. Prints what was found.
pub(crate) fn everything() -> Result<Tools> {
    println!("==> Checking the tools");
    let tools = for_build()?;
    println!("    wasm target: {}", tools.wasm_target.describe());
    let node =
        tools.node.as_ref().map_or_else(|| "from the system".to_owned(), |path| path.display().to_string());
    println!("    Node: {node}");
    rust_tools::components()?;
    println!("    cargo-deny: {}", rust_tools::cargo_deny()?.display());
    Ok(tools)
}

/// What building and running the Worker needs; silent when all is there.
pub(crate) fn for_build() -> Result<Tools> {
    let node = node::ensure()?;
    npm::ensure(node.as_deref())?;
    Ok(Tools { wasm_target: wasm_target::ensure()?, node })
}

/// Sees to it that there is a Chromium: the one that `CHROMIUM` names, or Debian's.
///
/// # Errors
/// When there is none and none can be installed.
pub(crate) fn chromium() -> Result {
    if std::env::var_os("CHROMIUM").is_some() {
        return Ok(());
    }
    debian::ensure_packages(&["/usr/bin/chromium"], &["chromium"]).map_err(|failure| {
        format!("there is no /usr/bin/chromium, and {failure}; CHROMIUM may name one").into()
    })
}

/// Sees to it that there is Debian's Apache with `mod_auth_openidc`.
///
/// # Errors
/// When it is missing and can't be installed.
pub(crate) fn apache() -> Result {
    let files = ["/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_auth_openidc.so"];
    debian::ensure_packages(&files, &["apache2-bin", "libapache2-mod-auth-openidc"])
        .map_err(|failure| format!("{} are missing, and {failure}", files.join(" and ")).into())
}

impl Tools {
    /// A program in the environment that compiles for wasm.
    ///
    /// The compiler may be another one than the native builds use, so it has a target directory of its own.
    pub(crate) fn wasm_command(&self, program: &str) -> Result<Command> {
        let mut command = Command::new(program);
        let mut directories = self.node_directories()?;
        if let WasmTarget::Debian { linker } = &self.wasm_target {
            directories.insert(0, files::absolute(debian::PROGRAMS)?);
            debian::without_rustup(&mut command);
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
            .env("PATH", with_path(directories)?)
            .env("CARGO_TARGET_DIR", files::absolute("target/wasm")?)
            // wasm-bindgen's macros then wait for promises with js-sys alone.
            .env("WASM_BINDGEN_USE_JS_SYS", "1");
        Ok(command)
    }

    /// A JavaScript program's command, `node` first in its path.
    pub(crate) fn node_command(&self, program: &str) -> Result<Command> {
        node::command(self.node.as_deref(), program)
    }

    /// wrangler, which neither reports usage nor fetches the request metadata that local development imitates.
    pub(crate) fn wrangler(&self) -> Result<Command> {
        let mut command = self.node_command("node")?;
        command
            .arg("node_modules/wrangler/bin/wrangler.js")
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .env("WRANGLER_SEND_METRICS", "false");
        Ok(command)
    }

    /// workerd itself, without npm's script around it.
    pub(crate) fn workerd(&self) -> Result<PathBuf> {
        let path = capture(self.node_command("node")?.args(["-p", "require('workerd').default"]));
        Ok(path.ok_or("npm's workerd names no program")?.into())
    }

    /// Installs a directory's own npm packages, if it has a `package.json`.
    pub(crate) fn npm_packages(&self, directory: &str) -> Result {
        npm::ensure_in(directory, self.node.as_deref())
    }

    fn node_directories(&self) -> Result<Vec<PathBuf>> {
        let mut directories: Vec<PathBuf> = self.node.iter().cloned().collect();
        directories.push(files::absolute("node_modules/.bin")?);
        directories.push(files::absolute(TOOLS)?.join("bin"));
        Ok(directories)
    }
}

/// The current search path with `directories` before it.
fn with_path(mut directories: Vec<PathBuf>) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    directories.extend(std::env::split_paths(&path));
    Ok(std::env::join_paths(directories)?)
}

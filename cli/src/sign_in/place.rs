//! Where a login is kept: a file of its own for each server, which only its owner can read. Its tokens are in the operating system's
//! keyring where there is one, else in the file.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use mintedge::protocol::codec::encoding::base64url;
use mintedge::protocol::model::scope::ScopeSet;
use mintedge::protocol::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::keyring;
use crate::failure::Failure;
use crate::remote::Server;

/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 64 * 1024;

/// A login: to which server, as whom, and with what.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    /// The server.
    pub(crate) issuer: String,
    /// Where the server was reached when the login was made, if not at its issuer. The tokens are sent nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// The administrator's `sub`.
    pub(crate) sub: String,
    /// What the administrator logs in with.
    pub(crate) account: String,
    /// What the server has granted.
    pub(crate) scopes: ScopeSet,
    /// The tokens; absent from the file if they are in the keyring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
}

/// The tokens of a login. They have no `Debug`, so that nothing prints them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tokens {
    /// The access token for the admin API.
    pub(crate) access_token: String,
    /// When it expires, by this machine's clock.
    pub(crate) expires_at: Timestamp,
    /// What the next access token is had with.
    pub(crate) refresh_token: String,
}

impl Login {
    /// A login that is not kept anywhere yet.
    pub(crate) fn new(
        server: &Server,
        (sub, account): (String, String),
        scopes: ScopeSet,
        tokens: Tokens,
    ) -> Self {
        let issuer = server.issuer().as_str().to_owned();
        let address = server.elsewhere().map(str::to_owned);
        Self { issuer, address, sub, account, scopes, tokens: Some(tokens) }
    }

    /// Its tokens.
    ///
    /// # Errors
    /// If they are lost.
    pub(crate) fn tokens(&self) -> Result<&Tokens, Failure> {
        self.tokens.as_ref().ok_or_else(|| {
            Failure::other(format!(
                "the tokens for {} are lost, or the system's keyring doesn't answer; run `mintedge login`",
                self.issuer
            ))
        })
    }

    /// The same login with other tokens and scopes.
    pub(crate) fn with(self, scopes: ScopeSet, tokens: Tokens) -> Self {
        Self { scopes, tokens: Some(tokens), ..self }
    }
}

/// The place of the login at one server, reached at one address.
pub(crate) struct Place {
    path: PathBuf,
    issuer: String,
    address: Option<String>,
}

/// A lock on a place; it ends when this is dropped.
pub(crate) struct Lock(#[expect(dead_code, reason = "dropping it ends the lock")] File);

impl Place {
    /// The place of the login at `server`; `None` if this account has no directory for such things. Whoever is at an address can
    /// claim any issuer, so that each address has a place of its own.
    pub(crate) fn of(server: &Server) -> Option<Self> {
        let issuer = server.issuer().as_str().to_owned();
        let address = server.elsewhere().map(str::to_owned);
        let digest = Sha256::digest(named(&issuer, address.as_deref()));
        let name = base64url(digest.get(..12).unwrap_or_default());
        let path = directory()?.join("logins").join(format!("{name}.json"));
        Some(Self { path, issuer, address })
    }

    /// What the keyring calls it.
    fn name(&self) -> String {
        named(&self.issuer, self.address.as_deref())
    }

    /// As [`Place::of`], for what can't do without.
    ///
    /// # Errors
    /// If there is no such directory.
    pub(crate) fn required(server: &Server) -> Result<Self, Failure> {
        Self::of(server)
            .ok_or_else(|| Failure::usage("there is no place to keep a login: set HOME, or XDG_CONFIG_HOME"))
    }

    /// The login, if there is one.
    ///
    /// # Errors
    /// If it can't be read, or others could.
    pub(crate) fn read(&self) -> Result<Option<Login>, Failure> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file("read", &self.path, &error)),
        };
        self.check_private(&file)?;
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_FILE), &mut text)
            .map_err(|error| Failure::file("read", &self.path, &error))?;
        // The error would quote the file.
        let login = serde_json::from_str::<Login>(&text).ok().filter(|login| self.is_of(login));
        let mut login = login.ok_or_else(|| {
            Failure::other(format!(
                "{} holds no login; delete it and run `mintedge login`",
                self.path.display()
            ))
        })?;
        if login.tokens.is_none() {
            login.tokens = keyring::read(&self.name()).and_then(|text| serde_json::from_str(&text).ok());
        }
        Ok(Some(login))
    }

    fn is_of(&self, login: &Login) -> bool {
        login.issuer == self.issuer && login.address == self.address
    }

    /// Keeps `login` here: the tokens in the keyring, if there is one. Returns whether they are there.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn write(&self, login: &Login) -> Result<bool, Failure> {
        let unwritable = |error: serde_json::Error| Failure::other(error.to_string());
        let tokens = serde_json::to_string(&login.tokens).map_err(unwritable)?;
        let in_keyring = keyring::write(&self.name(), &tokens);
        let mut kept = login.clone();
        if in_keyring {
            kept.tokens = None;
        } else {
            // What an earlier login left there must not be taken for this one's.
            keyring::delete(&self.name());
        }
        self.replace(&serde_json::to_string(&kept).map_err(unwritable)?)?;
        Ok(in_keyring)
    }

    /// Forgets the login.
    ///
    /// # Errors
    /// If the file stays.
    pub(crate) fn delete(&self) -> Result<(), Failure> {
        keyring::delete(&self.name());
        self.sweep();
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Failure::file("delete", &self.path, &error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Deletes what commands left that were cut off while they wrote the file.
    fn sweep(&self) {
        let (Some(directory), Some(stem)) = (self.path.parent(), self.path.file_stem()) else { return };
        let begin = format!("{}.new-", stem.to_string_lossy());
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&begin) {
                // If it stays, so does nothing that anybody else can read.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Keeps other commands from renewing the login meanwhile: each refresh token counts once.
    ///
    /// # Errors
    /// If that is not possible.
    pub(crate) fn lock(&self) -> Result<Lock, Failure> {
        let path = self.path.with_extension("lock");
        self.make_directory()?;
        let file = private(OpenOptions::new().create(true).append(true)).open(&path);
        let locked = file.and_then(|file| file.lock().map(|()| file));
        locked.map(Lock).map_err(|error| Failure::file("lock", &path, &error))
    }

    /// Where the file is, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the whole file anew and puts it in the old one's place, so that nobody ever reads half of it.
    fn replace(&self, text: &str) -> Result<(), Failure> {
        self.make_directory()?;
        let new = self.path.with_extension(format!("new-{}", std::process::id()));
        let failed = |error: std::io::Error| {
            let _ = std::fs::remove_file(&new);
            Failure::file("write", &self.path, &error)
        };
        // What lies there already, of whatever kind and mode, is not written to.
        let _ = std::fs::remove_file(&new);
        let mut file = private(OpenOptions::new().create_new(true).write(true)).open(&new).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        std::fs::rename(&new, &self.path).map_err(failed)
    }

    fn make_directory(&self) -> Result<(), Failure> {
        let directory = self.path.parent().unwrap_or(Path::new(""));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(directory).map_err(|error| Failure::file("create", directory, &error))
    }

    #[cfg(unix)]
    fn check_private(&self, file: &File) -> Result<(), Failure> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let metadata = file.metadata().map_err(|error| Failure::file("read", &self.path, &error))?;
        let path = self.path.display();
        // Whoever put it there knows what is in it, and could have this command act with a login of theirs.
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(Failure::other(format!(
                "{path} belongs to another account of this machine, so it isn't used; delete it and run `mintedge login`"
            )));
        }
        let of_others = metadata.permissions().mode() & 0o077;
        if of_others == 0 {
            return Ok(());
        }
        Err(Failure::other(format!(
            "others can read {path}, so it isn't used: if nobody did, `chmod 600 {path}`; else run `mintedge logout --local` and \
             `mintedge login`, and have the server end the old login with `mintedge users sign-out`"
        )))
    }

    /// Elsewhere the directory of the account is what keeps others out.
    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as on Unix")]
    fn check_private(&self, _: &File) -> Result<(), Failure> {
        Ok(())
    }
}

/// A name for an issuer at an address; neither has a space in it.
fn named(issuer: &str, address: Option<&str>) -> String {
    address.map_or_else(|| issuer.to_owned(), |address| format!("{issuer} at {address}"))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// The directory of this account for the settings of this command.
fn directory() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        variable("APPDATA")
    } else {
        variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")))
    };
    Some(base?.join("mintedge"))
}

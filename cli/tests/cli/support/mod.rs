//! A real server on the loopback address, and the real command run against it.

mod login;
mod server;
mod tls;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

pub(crate) use login::{
    APP, Application, answer, ask_for_token, ask_person, connect, connect_device, encode, log_in, visit,
};
pub(crate) use server::TestServer;
pub(crate) use tls::TlsProxy;

/// The configuration that newcomers start with.
pub(crate) const QUICKSTART: &str = include_str!("../../../../examples/quickstart/mintedge.toml");

/// A directory of its own, and the command run in it.
pub(crate) struct Workplace {
    directory: PathBuf,
    environment: Vec<(String, String)>,
}

static NUMBER: AtomicUsize = AtomicUsize::new(0);

impl Workplace {
    /// An empty directory; the command knows no server.
    pub(crate) fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cli-{}-{number}", std::process::id());
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&directory).expect("a directory");
        Self { directory, environment: Vec::new() }
    }

    /// An empty directory; the command knows `server` and its admin secret.
    pub(crate) fn for_server(server: &TestServer) -> Self {
        let issuer = ("MINTEDGE_ISSUER".to_owned(), server.issuer().to_owned());
        let secret = ("MINTEDGE_ADMIN_SECRET".to_owned(), server::ADMIN_SECRET.to_owned());
        let mut place = Self::new();
        place.environment.extend([issuer, secret]);
        place
    }

    /// An empty directory with room for logins; the command knows `server` and no secret.
    pub(crate) fn for_administrator(server: &TestServer) -> Self {
        let place = Self::for_server(server).without("MINTEDGE_ADMIN_SECRET");
        let home = place.directory.display().to_string();
        place.with("HOME", &home).with("MINTEDGE_KEYRING", "off")
    }

    /// The file with the login.
    pub(crate) fn login_file(&self) -> String {
        let folder = ".config/mintedge/logins";
        let files = std::fs::read_dir(self.path(folder)).expect("a directory");
        let paths = files.map(|file| file.expect("a file").path());
        let mut paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let path = paths.next().expect("a login");
        assert_eq!(paths.next(), None);
        format!("{folder}/{}", path.file_name().expect("a name").to_str().expect("UTF-8"))
    }

    /// Starts `mintedge login` with `options` and waits until it says where to sign in.
    pub(crate) fn start_login(&self, options: &str) -> SigningIn {
        let arguments = format!("login {options}");
        let mut child =
            self.command(&arguments.split_whitespace().collect::<Vec<_>>()).spawn().expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let url = address(&mut stderr);
        SigningIn { child, stderr, url }
    }

    /// Sets a variable for every command run here.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Forgets a variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// The client secret that was written last to a `--secrets-file`.
    pub(crate) fn issued_secret(&self, file: &str) -> String {
        let text = self.read(file);
        let line: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
        line["client_secret"].as_str().expect("a secret").to_owned()
    }

    /// Sets that secret as the one of `token`.
    pub(crate) fn with_issued_secret(self, file: &str) -> Self {
        let secret = self.issued_secret(file);
        self.with("MINTEDGE_CLIENT_SECRET", &secret)
    }

    /// Makes sure that only its owner can read a file.
    pub(crate) fn assert_private(&self, name: &str) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(self.path(name)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("written");
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("readable")
    }

    /// The path of a file here.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Runs `mintedge` with `arguments`, separated by spaces, and an empty standard input.
    pub(crate) fn run(&self, arguments: &str) -> Outcome {
        self.run_args(&arguments.split(' ').collect::<Vec<_>>())
    }

    /// Runs `mintedge` with an empty standard input.
    pub(crate) fn run_args(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    /// Runs `mintedge` with `input` as its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.command(arguments).spawn().expect("the command starts");
        // A command that doesn't read its input may have ended already.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        Outcome::from(child.wait_with_output().expect("the command ends"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mintedge"));
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The address that a login names on a line of its own.
fn address(stderr: &mut BufReader<ChildStderr>) -> String {
    let mut said = String::new();
    loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).expect("text") > 0, "it names no address: {said}");
        if let Some(url) = line.trim_end().strip_prefix("  http") {
            return format!("http{url}");
        }
        said.push_str(&line);
    }
}

/// A `mintedge login` that waits for the browser.
pub(crate) struct SigningIn {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// Where to sign in.
    pub(crate) url: String,
}

impl SigningIn {
    /// The code that follows the address.
    pub(crate) fn code(&mut self) -> String {
        let mut line = String::new();
        while line.trim().is_empty() {
            line.clear();
            assert!(self.stderr.read_line(&mut line).expect("text") > 0, "it names no code");
        }
        line.trim().to_owned()
    }

    /// What it says in the end.
    pub(crate) fn end(mut self) -> Outcome {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("text");
        let mut outcome = Outcome::from(self.child.wait_with_output().expect("it ends"));
        rest.trim_start_matches(['\n', ' ']).clone_into(&mut outcome.stderr);
        outcome
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it was not killed"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Outcome {
    /// Standard output, after a success.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// The JSON document on standard output, after a success.
    pub(crate) fn json(self) -> Value {
        let text = self.success();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Standard error, after a failure with `code`.
    pub(crate) fn failure(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stdout, "", "a failure says nothing on standard output");
        self.stderr
    }
}

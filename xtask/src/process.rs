//! Running programs, and ending the ones that stay.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Result;
use crate::transcript::{self, Listener};

/// Runs a program to its end with our output; fails when it does.
pub(crate) fn run(command: &mut Command) -> Result {
    let listener = Listener::attach(command)?;
    let status = command.status();
    listener.finish(command);
    let status = status.map_err(|error| format!("cannot run {}: {error}", line(command)))?;
    check(command, status)
}

/// The same, but ends the program, with everything it started, when it takes too long.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Result {
    let listener = Listener::attach(command)?;
    let result = end_within(limit, command);
    listener.finish(command);
    result
}

fn end_within(limit: Duration, command: &mut Command) -> Result {
    let mut service = Service::start(command)?;
    for _ in 0..limit.as_secs().saturating_mul(10) {
        if let Some(status) = service.ended()? {
            return check(command, status);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!("{} took longer than {} s", line(command), limit.as_secs()).into())
}

/// Runs a program quietly; its output is shown only when it fails.
pub(crate) fn run_quiet(command: &mut Command) -> Result {
    let output = output(command)?;
    if !output.status.success() {
        transcript::note_output(&[output.stdout.as_slice(), &output.stderr].concat());
        eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    check(command, output.status)
}

/// A program's standard output, trimmed, or nothing when it is missing or fails.
pub(crate) fn capture(command: &mut Command) -> Option<String> {
    let output = output(command).ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether `program` can be started at all.
pub(crate) fn is_available(program: impl AsRef<OsStr>) -> bool {
    capture(Command::new(program).arg("--version")).is_some()
}

fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", line(command)).into())
}

fn check(command: &Command, status: ExitStatus) -> Result {
    if status.success() {
        return Ok(());
    }
    Err(format!("{} failed ({status})", line(command)).into())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A program that keeps running, with everything it starts, until this is dropped or we are told to stop.
pub(crate) struct Service {
    child: Child,
}

/// Process groups to end when a signal ends us: destructors do not run then.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Service {
    /// Starts the program as the leader of a process group of its own.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        // Held while starting, so that no signal comes between the start and the note of it.
        let mut running = running();
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", line(command)))?;
        running.push(child.id());
        Ok(Self { child })
    }

    /// How the program ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until somebody listens on the port; whether anybody did while the program ran.
    pub(crate) fn listens_on(&mut self, port: u16) -> bool {
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return true;
            }
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// Ends the program and all it started at once; nothing of it gets to clean up.
    pub(crate) fn kill(&self) {
        signal_group(self.child.id(), "KILL");
    }

    /// Waits for the program's end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let group = self.child.id();
        signal_group(group, "TERM");
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        // Whatever of the group is left, its leader included.
        signal_group(group, "KILL");
        let _ = self.child.wait();
        running().retain(|other| *other != group);
    }
}

/// Makes an interrupt or a request to terminate end our services before us.
pub(crate) fn end_children_on_signal() -> Result {
    ctrlc::set_handler(|| {
        let groups = running();
        for group in groups.iter() {
            signal_group(*group, "TERM");
        }
        for _ in 0..50 {
            if !groups.iter().any(|group| signal_group(*group, "0")) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        for group in groups.iter() {
            signal_group(*group, "KILL");
        }
        std::process::exit(130);
    })?;
    Ok(())
}

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a signal to a process group; whether there was one. Signal 0 only looks.
#[cfg(unix)]
fn signal_group(group: u32, signal: &str) -> bool {
    capture(Command::new("sh").args(["-c", &format!("kill -{signal} -{group} 2>&1")])).is_some()
}

#[cfg(not(unix))]
fn signal_group(group: u32, _signal: &str) -> bool {
    capture(Command::new("taskkill").args(["/T", "/F", "/PID", &group.to_string()])).is_some()
}

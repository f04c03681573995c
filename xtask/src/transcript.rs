//! What the programs of one step say. It appears at once, as if they wrote to the terminal themselves, and is kept until the
//! step ends, so that the report can repeat what failed in its last lines: a long output is read from its end, and some
//! services keep nothing else of it.

mod failures;
mod log;

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, PipeReader, Write, pipe, stderr, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Result;

/// Most lines that are kept of a step. What failed is said at the end.
const MOST_LINES: usize = 20_000;
/// Most characters that are kept of a line.
const MOST_CHARACTERS: usize = 300;
/// How long a program that has ended may leave its output open, because something that it started is still running.
const LINGERING: Duration = Duration::from_secs(5);

/// The step that is being recorded.
static CURRENT: Mutex<Option<Transcript>> = Mutex::new(None);

/// What was said during one step.
#[derive(Default)]
pub(crate) struct Transcript {
    lines: VecDeque<String>,
    /// What was out of the ordinary in the log of the server that ended last.
    log: Vec<String>,
}

/// Runs `work` and returns, besides its result, what its programs said.
pub(crate) fn record<T>(work: impl FnOnce() -> T) -> (T, Transcript) {
    *current() = Some(Transcript::default());
    let result = work();
    (result, current().take().unwrap_or_default())
}

/// Notes what is out of the ordinary in a server's log, if a step is being recorded.
pub(crate) fn note_log(path: &Path) {
    if let Some(transcript) = current().as_mut() {
        let text = std::fs::read(path).unwrap_or_default();
        transcript.log = log::out_of_the_ordinary(&String::from_utf8_lossy(&text));
    }
}

/// Notes what a program said that nobody was shown yet or that was shown already.
pub(crate) fn note_output(text: &[u8]) {
    if let Some(transcript) = current().as_mut() {
        String::from_utf8_lossy(text).lines().for_each(|line| transcript.hear(line));
    }
}

impl Transcript {
    fn hear(&mut self, line: &str) {
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(plain(line).chars().take(MOST_CHARACTERS).collect());
    }

    /// What to repeat of a step that failed with `failure`, in at most `limit` lines.
    pub(crate) fn what_failed(mut self, failure: &str, limit: usize) -> Vec<String> {
        let (first, rest) = failure.split_once('\n').unwrap_or((failure, ""));
        let mut log = if self.log.is_empty() { log::out_of_the_ordinary(rest) } else { self.log };
        // The newest are worth most; and they get a third of the room.
        log.drain(..log.len().saturating_sub(limit / 3));
        let room = limit.saturating_sub(log.len() + 2);
        let mut said = vec![first.chars().take(MOST_CHARACTERS).collect()];
        said.extend(failures::of(self.lines.make_contiguous(), room));
        if !log.is_empty() {
            said.push("out of the ordinary in the server's log, the end of it:".to_owned());
            said.extend(log);
        }
        said
    }
}

/// Passes on what a program says, line by line, and keeps a copy. Outside of a recorded step the program keeps the terminal.
pub(crate) struct Listener(Option<JoinHandle<()>>);

impl Listener {
    /// Has to be called before the program starts. Both of its outputs go through one pipe, which keeps their order.
    pub(crate) fn attach(command: &mut Command) -> Result<Self> {
        if current().is_none() {
            return Ok(Self(None));
        }
        let (reader, writer) = pipe()?;
        command.stdout(writer.try_clone()?).stderr(writer);
        // Python would keep back what it says until it ends, and cargo its colors.
        command.env("PYTHONUNBUFFERED", "1");
        if stderr().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        Ok(Self(Some(std::thread::spawn(move || pass_on(reader)))))
    }

    /// Has to be called when the program has ended: waits until all it said has appeared.
    pub(crate) fn finish(self, command: &mut Command) {
        let Some(thread) = self.0 else { return };
        // Drops our own ends of the pipe, or it would never end.
        command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
        for _ in 0..LINGERING.as_millis() / 10 {
            if thread.is_finished() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn pass_on(reader: PipeReader) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let mut terminal = stdout().lock();
        // Nobody may be reading any more; the program is not to notice.
        let _ = terminal.write_all(&line).and_then(|()| terminal.flush());
        drop(terminal);
        note_output(&line);
        line.clear();
    }
}

/// `line` without escape sequences for colors.
fn plain(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once(|end: char| end.is_ascii_alphabetic()).map_or("", |(_, text)| text));
    }
    plain
}

fn current() -> MutexGuard<'static, Option<Transcript>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_left_out() {
        assert_eq!(plain("\u{1b}[31m✖ \u{1b}[1ma test\u{1b}[0m (1 ms)"), "✖ a test (1 ms)");
        assert_eq!(plain("as it is [1]"), "as it is [1]");
    }

    #[test]
    fn what_failed_has_the_failure_the_tests_and_the_log() {
        let mut transcript = Transcript::default();
        for line in [
            "---- a_test stdout ----",
            "thread 'a_test' panicked at tests/a.rs:1:1:",
            "left: 503",
            "",
            "failures:",
        ] {
            transcript.hear(line);
        }
        let failure = format!(
            "cargo test failed; the end of server.log:\n{}",
            "{\"time\":1,\"status\":503}\n".repeat(100)
        );
        let said = transcript.what_failed(&failure, 30);
        assert!(said.len() <= 30, "{}", said.len());
        assert_eq!(said.first().map(String::as_str), Some("cargo test failed; the end of server.log:"));
        assert!(said.iter().any(|line| line.contains("left: 503")), "{said:?}");
        assert_eq!(said.iter().filter(|line| line.contains("\"status\":503")).count(), 10);
    }

    #[test]
    fn a_recorded_step_knows_what_its_programs_said() {
        let say = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "echo one; echo two >&2; echo three"]);
            crate::process::run(&mut shell).map_err(|failure| failure.to_string())
        };
        let (result, transcript) = record(say);
        assert_eq!(result, Ok(()));
        assert_eq!(Vec::from(transcript.lines), ["one", "two", "three"]);
    }
}

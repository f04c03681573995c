//! Steps with a name, a duration and an outcome.

use std::time::{Duration, Instant};

use crate::Result;
use crate::transcript::{self, Transcript};

/// Most lines that the report repeats of what failed.
const MOST_REPEATED: usize = 150;
/// Most of them for one step.
const MOST_REPEATED_OF_ONE: usize = 60;

/// Runs one step, announced before and timed after.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {what}");
    let (result, duration) = measure(work);
    let outcome = if result.is_ok() { "done" } else { "FAILED" };
    println!("    {outcome} in {}", seconds(duration));
    result
}

/// Collects the outcomes of a run, so that one failure does not hide the next.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    duration: Duration,
    outcome: Outcome,
    /// Why it failed, and what its programs said.
    failure: Option<(String, Transcript)>,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Report {
    /// Runs one step; a failure is noted and printed, not returned. Returns whether it passed.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result) -> bool {
        println!("\n==> [{}] {name}", self.rows.len() + 1);
        let ((result, duration), transcript) = transcript::record(|| measure(work));
        let failure = result.err().map(|failure| failure.to_string());
        match &failure {
            None => println!("    passed in {}", seconds(duration)),
            Some(failure) => println!("    FAILED after {}: {failure}", seconds(duration)),
        }
        let passed = failure.is_none();
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        let failure = failure.map(|failure| (failure, transcript));
        self.rows.push(Row { name: name.to_owned(), duration, outcome, failure });
        passed
    }

    /// Notes a step that can't run on this machine.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        println!("\n==> [{}] {name}", self.rows.len() + 1);
        println!("    SKIPPED, nothing of it was tested: {reason}");
        let (duration, outcome) = (Duration::ZERO, Outcome::Skipped);
        self.rows.push(Row { name: name.to_owned(), duration, outcome, failure: None });
    }

    /// Prints the table and, last because a long output is read from its end, what failed.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn finish(self) -> Result {
        println!("\nSummary");
        for Row { name, duration, outcome, .. } in &self.rows {
            let outcome = match outcome {
                Outcome::Passed => "passed ",
                Outcome::Failed => "FAILED ",
                Outcome::Skipped => "SKIPPED",
            };
            println!("  {outcome}  {:>8}  {name}", seconds(*duration));
        }
        let total: Duration = self.rows.iter().map(|row| row.duration).sum();
        let count = |outcome| self.rows.iter().filter(|row| row.outcome == outcome).count();
        let (failed, skipped) = (count(Outcome::Failed), count(Outcome::Skipped));
        println!("  {} steps, {failed} failed, {skipped} skipped, {}", self.rows.len(), seconds(total));
        if failed == 0 {
            return Ok(());
        }
        let steps = self.rows.len();
        self.print_what_failed(MOST_REPEATED_OF_ONE.min(MOST_REPEATED / failed));
        Err(format!("{failed} of {steps} steps failed").into())
    }

    fn print_what_failed(self, limit: usize) {
        println!("\nWhat failed");
        for (number, row) in self.rows.into_iter().enumerate() {
            let Some((failure, transcript)) = row.failure else { continue };
            println!("\n  [{}] {}", number + 1, row.name);
            for line in transcript.what_failed(&failure, limit) {
                println!("  {line}");
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long development steps take; no protocol code")]
fn measure<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

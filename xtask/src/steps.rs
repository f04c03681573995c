//! Steps with a name, a duration and an outcome.

use std::time::{Duration, Instant};

use crate::Result;

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
        let (result, duration) = measure(work);
        let failure = result.err().map(|failure| failure.to_string());
        match &failure {
            None => println!("    passed in {}", seconds(duration)),
            Some(failure) => println!("    FAILED after {}: {failure}", seconds(duration)),
        }
        let passed = failure.is_none();
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        self.rows.push(Row { name: name.to_owned(), duration, outcome });
        passed
    }

    /// Notes a step that can't run on this machine.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        println!("\n==> [{}] {name}", self.rows.len() + 1);
        println!("    SKIPPED, nothing of it was tested: {reason}");
        self.rows.push(Row { name: name.to_owned(), duration: Duration::ZERO, outcome: Outcome::Skipped });
    }

    /// Prints the table.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn finish(self) -> Result {
        println!("\nSummary");
        for Row { name, duration, outcome } in &self.rows {
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
        if failed > 0 {
            return Err(format!("{failed} of {} steps failed", self.rows.len()).into());
        }
        Ok(())
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

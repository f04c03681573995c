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
    failure: Option<String>,
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
        self.rows.push(Row { name: name.to_owned(), duration, failure });
        passed
    }

    /// Prints the table.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn finish(self) -> Result {
        println!("\nSummary");
        for Row { name, duration, failure } in &self.rows {
            let outcome = if failure.is_none() { "passed" } else { "FAILED" };
            println!("  {outcome}  {:>8}  {name}", seconds(*duration));
        }
        let total: Duration = self.rows.iter().map(|row| row.duration).sum();
        let failed = self.rows.iter().filter(|row| row.failure.is_some()).count();
        println!("  {} steps, {failed} failed, {}", self.rows.len(), seconds(total));
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

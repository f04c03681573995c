//! Closed-loop load: 16 keep-alive connections, each sends its next request when the last is answered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use super::http::{Connection, Result};
use super::statistics::Sample;

/// Parallel connections, as many as one busy caller may have.
pub(super) const CONNECTIONS: u32 = 16;

/// What one connection does, request by request.
pub(super) trait Errand: Send {
    /// What has to be done before each round and is not measured.
    fn prepare(&mut self, _connection: &mut Connection) -> Result {
        Ok(())
    }

    /// One request, measured.
    fn run(&mut self, connection: &mut Connection) -> Result;
}

/// The same request again and again.
struct Repeat(Arc<[u8]>);

impl Errand for Repeat {
    fn run(&mut self, connection: &mut Connection) -> Result {
        connection.expect_ok(&self.0).map(drop)
    }
}

/// The same request on every connection.
pub(super) fn repeat(request: &[u8]) -> Vec<Box<dyn Errand>> {
    let request: Arc<[u8]> = request.into();
    let errand = || -> Box<dyn Errand> { Box::new(Repeat(Arc::clone(&request))) };
    (0..CONNECTIONS).map(|_| errand()).collect()
}

/// What one server is asked in one round, and how it did so far.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) port: u16,
    /// One for each connection.
    pub(super) errands: Vec<Box<dyn Errand>>,
    /// Requests in one round: a few seconds of work.
    pub(super) requests: u32,
    /// Requests per second, one per round.
    pub(super) rates: Sample,
}

/// Runs `rounds` rounds of every contender in turn: what else the machine does meets all of them alike.
pub(super) fn interleaved(contenders: &mut [Contender], rounds: u32) -> Result {
    for contender in contenders.iter_mut() {
        run(contender)?;
    }
    for round in 1..=rounds {
        print!("    round {round} of {rounds}:");
        for contender in contenders.iter_mut() {
            let rate = run(contender)?;
            print!(" {rate:.0}");
            contender.rates.push(rate);
        }
        println!();
    }
    Ok(())
}

/// Requests per second over one round.
fn run(contender: &mut Contender) -> Result<f64> {
    let Contender { name, port, errands, requests, .. } = contender;
    let left = AtomicU32::new(*requests);
    let start_line = Barrier::new(errands.len() + 1);
    let elapsed = std::thread::scope(|scope| {
        let workers: Vec<_> = errands
            .iter_mut()
            .map(|errand| scope.spawn(|| send(*port, errand.as_mut(), &left, &start_line)))
            .collect();
        start_line.wait();
        let start = now();
        for worker in workers {
            worker.join().map_err(|_| "a load thread panicked".to_owned())??;
        }
        Ok(start.elapsed())
    });
    let elapsed = elapsed.map_err(|error: String| format!("{name}: {error}"))?;
    Ok(f64::from(*requests) / elapsed.as_secs_f64())
}

fn send(port: u16, errand: &mut dyn Errand, left: &AtomicU32, start_line: &Barrier) -> Result {
    let connection = Connection::open(port).and_then(|mut connection| {
        errand.prepare(&mut connection)?;
        Ok(connection)
    });
    // Before any error is returned: the others wait for everyone.
    start_line.wait();
    let mut connection = connection?;
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        errand.run(&mut connection)?;
    }
    Ok(())
}

/// The clock.
#[expect(clippy::disallowed_methods, reason = "measures durations of a benchmark; no protocol code")]
pub(super) fn now() -> Instant {
    Instant::now()
}

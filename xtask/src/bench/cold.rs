//! Cold starts: from starting the process to the first answer, with state of earlier runs on disk.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::http::{Connection, between};
use super::load::now;
use super::runtime::{Runtime, Server};
use super::servers::Client;
use super::statistics::Sample;
use crate::Result;
use crate::process::Service;
use crate::server::free_port;

pub(super) const RUNS: u32 = 11;
const POLL: Duration = Duration::from_micros(250);
const PATIENCE: Duration = Duration::from_secs(20);

/// Milliseconds to the first answer; run by run, the two in turn. And what that answer took.
pub(super) struct Starts {
    /// Calls to Durable Objects before a fresh isolate's first token.
    pub(super) object_calls: u32,
    /// Reads of KV before that.
    pub(super) kv_reads: u32,
    pub(super) mintedge: Sample,
    pub(super) empty: Sample,
}

impl Starts {
    /// What Mintedge takes longer than an empty Worker, of medians, in milliseconds.
    pub(super) fn difference(&self) -> f64 {
        self.mintedge.median() - self.empty.median()
    }
}

/// Starts both in turn, again and again.
pub(super) fn measure(runtime: &Runtime, kv: &Server, state: &Path, client: &Client) -> Result<Starts> {
    let (object_calls, kv_reads) = count(runtime, kv, state, client)?;
    let (mintedge, empty) = (Sample::default(), Sample::default());
    let mut starts = Starts { object_calls, kv_reads, mintedge, empty };
    for _ in 0..RUNS {
        let port = free_port()?;
        starts.empty.push(start(&mut runtime.serve("workers.capnp", "empty", port), port, client)?);
        let port = free_port()?;
        starts.mintedge.push(start(&mut runtime.serve_mintedge(kv, state, port), port, client)?);
    }
    Ok(starts)
}

fn start(command: &mut Command, port: u16, client: &Client) -> Result<f64> {
    Ok(first_answer(command, port, client)?.1)
}

/// Starts Mintedge once with its calls counted; how many there were before its first token.
fn count(runtime: &Runtime, kv: &Server, state: &Path, client: &Client) -> Result<(u32, u32)> {
    let port = free_port()?;
    let (answer, _) = first_answer(&mut runtime.serve_counted(kv, state, port), port, client)?;
    let header = |name: &str| {
        let value = between(&answer, &format!("\r\n{name}: "), &['\r']);
        value.and_then(|value| value.parse().ok()).ok_or(format!("the answer has no {name}: {answer}"))
    };
    Ok((header("object-calls")?, header("kv-reads")?))
}

/// The first answer of a fresh process, and after how many milliseconds it came.
fn first_answer(command: &mut Command, port: u16, client: &Client) -> Result<(String, f64)> {
    let request = client.request(port);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = now();
    let _service = Service::start(command)?;
    let mut connection = loop {
        match Connection::open(port) {
            Ok(connection) => break connection,
            Err(error) if start.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => std::thread::sleep(POLL),
        }
    };
    let answer = connection.expect_ok(&request)?;
    let elapsed = start.elapsed().as_secs_f64() * 1000.0;
    Ok((String::from_utf8_lossy(answer).into_owned(), elapsed))
}

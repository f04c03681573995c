//! Cold starts: from starting the process to the first answer, with state of earlier runs on disk.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::http::Connection;
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

/// Milliseconds to the first answer; run by run, the two in turn.
pub(super) struct Starts {
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
    let mut starts = Starts { mintedge: Sample::default(), empty: Sample::default() };
    for _ in 0..RUNS {
        let port = free_port()?;
        starts.empty.push(start(&mut runtime.serve("workers.capnp", "empty", port), port, client)?);
        let port = free_port()?;
        starts.mintedge.push(start(&mut runtime.serve_mintedge(kv, state, port), port, client)?);
    }
    Ok(starts)
}

fn start(command: &mut Command, port: u16, client: &Client) -> Result<f64> {
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
    connection.expect_ok(&request)?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

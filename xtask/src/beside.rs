//! Work that goes on beside other steps: what compiles one large crate keeps one core busy, and so do they.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Result;
use crate::process::Service;
use crate::transcript;

/// A command of this program in a process of its own, which writes what it says to a file.
pub(crate) struct Beside {
    command: String,
    service: Service,
    output: PathBuf,
}

impl Beside {
    /// Begins `cargo xtask ARGUMENTS`.
    pub(crate) fn begin(arguments: &[&str]) -> Result<Self> {
        let command = arguments.join(" ");
        println!("==> `cargo xtask {command}` runs beside the next steps");
        fs::create_dir_all("target/beside")?;
        let output = PathBuf::from(format!("target/beside/{}.log", arguments.join("-")));
        let file = fs::File::create(&output)?;
        let mut child = Command::new(std::env::current_exe()?);
        child.args(arguments).stdout(file.try_clone()?).stderr(file);
        Ok(Self { command, service: Service::start(&mut child)?, output })
    }

    /// Waits for the end and shows what was said.
    pub(crate) fn finish(mut self) -> Result {
        let status = self.service.wait()?;
        let said = fs::read_to_string(&self.output)?;
        transcript::note_output(said.as_bytes());
        print!("{said}");
        if status.success() { Ok(()) } else { Err(format!("{} failed ({status})", self.command).into()) }
    }
}

//! The device authorization grant (RFC 8628): a code that somebody types in a browser anywhere, for machines without one.

use std::io::Write as _;
use std::time::Duration;

use mintedge::protocol::model::secret::Secret;

use super::flow::{How, login, refused};
use super::place::Login;
use crate::failure::{Exit, Failure};
use crate::remote::{DeviceCodes, Server, TokenResponse, ask_as_device, poll_as_device};
use crate::style::bold;

/// How much longer to wait after each `slow_down` and each lost answer, in seconds (RFC 8628 §3.5).
const STEP: u64 = 5;
/// The shortest and the longest time between two questions, in seconds, whatever the server says.
const PACE: std::ops::RangeInclusive<u64> = 1..=60;
/// The longest time to wait in all, in seconds, whatever the server says.
const LONGEST: u64 = 1800;

/// Has somebody sign in at `server` with a browser on any machine.
///
/// # Errors
/// If they don't, say no or are no administrator.
pub(crate) fn sign_in_elsewhere(server: &Server, how: &How<'_>) -> Result<Login, Failure> {
    let codes = ask_as_device(server, &how.asked())?;
    invite(&codes);
    let issued = wait(server, &codes)?;
    login(server, issued)
}

/// Says where to sign in, and with which code. Standard output belongs to the answer.
fn invite(codes: &DeviceCodes) {
    let (uri, code) = (plain(&codes.verification_uri), plain(&codes.user_code));
    let minutes = codes.expires_in.div_ceil(60);
    // Whoever can't read it gives up after a while.
    let _ = writeln!(
        anstream::stderr(),
        "Open this page in any browser, sign in, and type the code:\n\n  {uri}\n\n  {}\n\nWaiting for up to {minutes} minutes …",
        bold(code)
    );
}

fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(300).collect()
}

/// Asks again and again whether somebody has approved, at the pace that the server sets.
fn wait(server: &Server, codes: &DeviceCodes) -> Result<TokenResponse, Failure> {
    let code = Secret::received(codes.device_code.as_str());
    let clamped = |interval: u64| interval.clamp(*PACE.start(), *PACE.end());
    let mut interval = clamped(codes.interval);
    let mut left = codes.expires_in.min(LONGEST);
    while left > 0 {
        let pause = interval.min(left);
        std::thread::sleep(Duration::from_secs(pause));
        left -= pause;
        match poll_as_device(server, &code) {
            Err(failure) if failure.error() == "authorization_pending" => {}
            Err(failure) if failure.error() == "slow_down" || failure.exit() == Exit::Unreachable => {
                interval = clamped(interval.saturating_add(STEP));
            }
            Err(failure) if failure.error() == "expired_token" => break,
            Err(failure) if failure.error() == "access_denied" => {
                return Err(refused("access_denied", failure.description()));
            }
            outcome => return outcome,
        }
    }
    let description = "nobody has signed in; nothing was changed. Run `mintedge login --device` to try again";
    Err(Failure::new(Exit::Other, "timeout", description))
}

//! Panics on request, for the test of `edge/recovery.mjs` (`tests/recovery.rs`). It exists only with the feature `panic-probe`,
//! which a release can't be built with.
#![expect(clippy::panic, reason = "that is what it is for")]

use std::cell::Cell;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::platform::Edge;
use super::waits::settled;

#[cfg(not(debug_assertions))]
compile_error!("the feature `panic-probe` is for tests only");

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: f64);
}

/// A promise that is fulfilled after a time. `worker::Delay` doesn't serve, because it keeps the waker of its first poll, which wakes
/// nobody here.
fn elapsed(milliseconds: f64) -> Promise {
    Promise::new(&mut |resolve, _| set_timeout(&resolve, milliseconds))
}

/// Waits in wasm.
async fn sleep(milliseconds: f64) {
    let _ = JsFuture::from(elapsed(milliseconds)).await;
}

/// Waits in `edge/entry.mjs`, as for a signature.
async fn sleep_outside(milliseconds: f64) {
    let _ = settled(elapsed(milliseconds)).await;
}

/// How long a request waits that nothing ends earlier, in milliseconds: longer than the test takes.
const WAIT: f64 = 180_000.0;
/// How long a request waits outside of wasm, in milliseconds: until well after the panic.
const WAIT_OUTSIDE: f64 = 15_000.0;
/// The command that makes the Control object panic.
const COMMAND: &str = "panic-probe";

thread_local! {
    /// How many requests this wasm instance has seen begin to wait.
    static WAITING: Cell<u32> = const { Cell::new(0) };
}

/// Panics before there is a future, if the URL says so.
pub(super) fn call(url: &str) {
    assert!(!url.ends_with("/panic-probe/call"), "asked to panic in a call");
}

/// Panics or waits, as the path says.
pub(super) async fn run(platform: &Edge, path: &str) {
    match path {
        "/panic-probe/poll" => panic!("asked to panic in the first poll"),
        "/panic-probe/await" => {
            sleep(10.0).await;
            panic!("asked to panic after waiting");
        }
        "/panic-probe/resume" => {
            sleep_outside(10.0).await;
            panic!("asked to panic when resumed");
        }
        "/panic-probe/object" => {
            let _ = platform.ask(COMMAND.to_owned()).await;
        }
        "/panic-probe/wait" => {
            WAITING.set(WAITING.get() + 1);
            sleep(WAIT).await;
        }
        "/panic-probe/wait-outside" => {
            WAITING.set(WAITING.get() + 1);
            sleep_outside(WAIT_OUTSIDE).await;
        }
        "/panic-probe/waiting" => until_waiting(1).await,
        "/panic-probe/both-waiting" => until_waiting(2).await,
        _ => {}
    }
}

async fn until_waiting(requests: u32) {
    while WAITING.get() < requests {
        sleep(10.0).await;
    }
}

/// Panics in the object, if `body` is the command to do so.
pub(super) fn object(body: &str) {
    assert!(body != COMMAND, "asked to panic in the object");
}

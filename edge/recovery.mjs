// Keeps the Worker answering after the wasm instance aborted (a Rust panic, out of memory, a trap).
//
// An abort leaves an instance that must not be entered again. A callback of another request can still enter it, and the promise of
// every request that was waiting in it never settles. So the instance is replaced at once and all that waited is rejected.
import { __wbg_reset_state as makeAnew } from "../build/index.js";

// What the `worker` crate knows of the instance. Its panic hook sets `criticalError`.
const instance = globalThis.__worker_init_state;
const waiting = new Set();

// A panic behind an await has no caller to throw to: it arrives here.
addEventListener("error", ({ error }) => {
  if (instance.criticalError || isAbort(error)) replaceInstance(error);
});

/** Calls into wasm; returns its result, or a promise of it that also rejects when the instance aborts meanwhile. */
export function guard(call) {
  if (instance.criticalError) replaceInstance(new Error("the wasm instance was replaced"));
  let result;
  try {
    result = call();
  } catch (error) {
    if (instance.criticalError || isAbort(error)) replaceInstance(error);
    throw error;
  }
  if (!(result instanceof Promise)) return result;
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    result.then(resolve, reject).finally(() => waiting.delete(reject));
  });
}

// A stack overflow inside wasm is a RangeError, every other trap a RuntimeError.
function isAbort(error) {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}

function replaceInstance(error) {
  makeAnew();
  instance.criticalError = false;
  instance.instanceId++; // what was made in the old instance knows it by this number
  for (const reject of waiting) reject(error);
  waiting.clear();
}

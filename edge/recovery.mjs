// Keeps the Worker answering after the wasm instance aborted (a Rust panic, out of memory, a trap).
//
// An abort leaves an instance that must not be entered again. The generated shim replaces it, but only before the next
// call that goes through it, which is too late for us in two ways: a callback of another request can still enter the
// dead instance, and the promise of every request that was waiting in it never settles. So the instance is replaced
// at once and all that waited is rejected.
import Shim from "../build/index.js";

// The shim's state. The panic hook on the Rust side sets `criticalError`.
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
  instance.criticalError = true;
  new Shim({}, {}); // constructing one makes the shim look at criticalError and create a fresh instance
  for (const reject of waiting) reject(error);
  waiting.clear();
}

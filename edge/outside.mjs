// What `src/edge` asks of others: Durable Objects, KV and clients. Strings in and out: a Request or Response that wasm
// handles costs it a dozen calls.

// The same for every request of an isolate.
let bindings;

/** Keeps the bindings for the server, which asks for them once. */
export function useBindings(env) {
  bindings = env;
}

// The promise that a request waits for, and its number. A number is never given twice, whatever becomes of wasm meanwhile.
let awaited;
let ticket = 0;

/** Keeps a promise for `takeAwaited`, and returns its number. */
function waitFor(promise) {
  awaited = promise;
  ticket = (ticket + 1) >>> 0;
  return ticket;
}

/** The promise that was kept last. Called right after wasm has returned its number. */
export function takeAwaited() {
  const promise = awaited;
  awaited = undefined;
  return promise;
}

/**
 * Signs `message` with an imported private key. The runtime copies the message before this returns, so it may be a view of
 * wasm's memory.
 */
function sign(algorithm, key, message) {
  return crypto.subtle.sign(ALGORITHMS[algorithm], key, message);
}

const ALGORITHMS = {
  ES256: { name: "ECDSA", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", saltLength: 32 },
  RS256: { name: "RSASSA-PKCS1-v1_5" },
};

/**
 * Sends a command to an object; returns the status, a line feed, the answer. The stub is made anew each time: one that saw
 * an exception is dead.
 */
async function callObject(env, binding, name, command) {
  const stub = env[binding].getByName(name);
  const response = await stub.fetch("https://object/", { method: "POST", body: command });
  return `${response.status}\n${await response.text()}`;
}

/** The values of snapshots in KV, null for those that don't exist. `cacheTtl` is in seconds. */
async function readSnapshots({ KV }, names, cacheTtl) {
  const options = { type: "text", cacheTtl };
  if (names.length === 1) return [await KV.get(names[0], options)];
  const values = await KV.get(names, options);
  return names.map((name) => values.get(name) ?? null);
}

/**
 * Writes snapshots to KV, all at once; deletes those whose value is null. Returns null for each that is written, and for the
 * others what failed.
 */
async function writeSnapshots({ KV }, names, values) {
  const write = async (name, value) => (value === null ? KV.delete(name) : KV.put(name, value));
  const done = await Promise.allSettled(names.map((name, index) => write(name, values[index])));
  return done.map(({ reason, status }) => (status === "fulfilled" ? null : String(reason?.message ?? reason)));
}

/** Posts a form; returns the status. `timeout` is in milliseconds. */
async function postForm(url, form, timeout) {
  return post(url, { "content-type": "application/x-www-form-urlencoded" }, form, timeout);
}

/** Posts JSON with a bearer token; returns the status. `timeout` is in milliseconds. */
async function postJson(url, bearer, json, timeout) {
  return post(url, { authorization: `Bearer ${bearer}`, "content-type": "application/json" }, json, timeout);
}

async function post(url, headers, body, timeout) {
  const response = await fetch(url, {
    method: "POST",
    headers,
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(timeout),
  });
  await response.body?.cancel();
  return response.status;
}

// Where `src/edge/js.rs` finds them.
globalThis.mintedge = { bindings: () => bindings, callObject, postForm, postJson, readSnapshots, sign, waitFor, writeSnapshots };

// Public JSON documents of others, such as key sets: read from this data center's cache, or from where they are.
//
// Whoever names such an address, or answers there, must not get this Worker to do more than one bounded GET: no redirects, no
// other status than 200, a limit on bytes and on time. Private addresses are refused before (`protocol/outbound.rs`), and by
// the runtime (`global_fetch_strictly_public`).
const MAX_BYTES = 131_072; // `ports::MAX_DOCUMENT`
const TIMEOUT = 5_000;
const CACHE = "mintedge-documents";
const CACHE_SECONDS = 300;

/**
 * Whether it is a copy, and the document's bytes; `fresh` asks its origin even if there is a copy. Throws if there is none
 * within the bounds.
 */
async function getDocument(url, fresh) {
  const copy = fresh ? undefined : await (await open())?.match(url);
  if (copy !== undefined) return [true, new Uint8Array(await copy.arrayBuffer())];
  return [false, await inTime((signal) => read(url, signal))];
}

/** Keeps a copy. Only who reads a document knows whether it is one: what an issuer answers by mistake is not kept. */
async function keepDocument(url, bytes) {
  const headers = { "cache-control": `max-age=${CACHE_SECONDS}` };
  const copy = new Response(bytes, { headers });
  // A copy that can't be kept is no reason to fail.
  await (await open())?.put(url, copy).catch(() => {});
}

// Not every deployment has a cache.
async function open() {
  try {
    return await caches.open(CACHE);
  } catch {
    return undefined;
  }
}

/** Whatever `work` waits for ends with the time: a body that trickles in too. */
async function inTime(work) {
  const signal = AbortSignal.timeout(TIMEOUT);
  const late = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("no answer in time")));
  });
  return Promise.race([work(signal), late]);
}

async function read(url, signal) {
  const headers = { accept: "application/json, application/jwk-set+json", "user-agent": "mintedge" };
  const response = await fetch(url, { headers, redirect: "manual", cache: "no-store", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the answer has status ${response.status}`);
  }
  const chunks = [];
  let length = 0;
  // Leaving the loop early cancels the stream.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error("the document is too large");
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((offset, chunk) => (bytes.set(chunk, offset), offset + chunk.length), 0);
  return bytes;
}

// Where `src/edge/js.rs` finds them.
globalThis.mintedgeGetDocument = getDocument;
globalThis.mintedgeKeepDocument = keepDocument;

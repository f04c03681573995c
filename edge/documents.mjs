// Public JSON documents of others, such as key sets: read from this data center's cache, or from where they are.
//
// Whoever names such an address, or answers there, must not get this Worker to do more than one bounded GET: no redirects, no
// other status than 200, a limit on bytes and on time. Private addresses are refused before (`protocol/outbound.rs`), and by
// the runtime (`global_fetch_strictly_public`).
const MAX_BYTES = 131_072; // `ports::MAX_DOCUMENT`
const TIMEOUT = 5_000;
// A client's metadata document: `documents::read::MAX_BYTES`, and what an impatient client leaves of its ten seconds.
const MAX_METADATA_BYTES = 10_240;
const METADATA_TIMEOUT = 3_000;
const METADATA_CACHE = "mintedge-client-documents";
const CACHE = "mintedge-documents";
const CACHE_SECONDS = 300;

/**
 * Whether it is a copy, and the document's bytes; `fresh` asks its origin even if there is a copy. Throws if there is none
 * within the bounds.
 */
async function getDocument(url, fresh) {
  const copy = fresh ? undefined : await (await open(CACHE))?.match(url);
  if (copy !== undefined) return [true, new Uint8Array(await copy.arrayBuffer())];
  const [, bytes] = await inTime(TIMEOUT, (signal) => read(url, signal, KEYS));
  return [false, bytes];
}

/** Keeps a copy. Only who reads a document knows whether it is one: what an issuer answers by mistake is not kept. */
async function keepDocument(url, bytes) {
  const headers = { "cache-control": `max-age=${CACHE_SECONDS}` };
  const copy = new Response(bytes, { headers });
  // A copy that can't be kept is no reason to fail.
  await (await open(CACHE))?.put(url, copy).catch(() => {});
}

// Not every deployment has a cache.
async function open(name) {
  try {
    return await caches.open(name);
  } catch {
    return undefined;
  }
}

/** Whatever `work` waits for ends with the time: a body that trickles in too. */
async function inTime(timeout, work) {
  const signal = AbortSignal.timeout(timeout);
  const late = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("no answer in time")));
  });
  return Promise.race([work(signal), late]);
}

const KEYS = { accept: "application/json, application/jwk-set+json", maxBytes: MAX_BYTES };
const METADATA = { accept: "application/json", maxBytes: MAX_METADATA_BYTES };

/** The response's headers, and its bytes. */
async function read(url, signal, { accept, maxBytes }) {
  const headers = { accept, "user-agent": "mintedge" };
  const response = await fetch(url, { headers, redirect: "manual", cache: "no-store", signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw Object.assign(new Error(`the answer has status ${response.status}`), { status: response.status });
  }
  const chunks = [];
  let length = 0;
  // Leaving the loop early cancels the stream.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new Error("the document is too large");
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((offset, chunk) => (bytes.set(chunk, offset), offset + chunk.length), 0);
  return [response.headers, bytes];
}

/**
 * A client's metadata document: its bytes, Content-Type, Cache-Control and Age; null for the bytes if its host says that there is
 * none. Throws if there is no answer within the bounds.
 */
async function getMetadataDocument(url) {
  try {
    const [headers, bytes] = await inTime(METADATA_TIMEOUT, (signal) => read(url, signal, METADATA));
    const text = (name) => headers.get(name) ?? "";
    return [bytes, text("content-type"), text("cache-control"), text("age")];
  } catch (error) {
    if (error.status === 404 || error.status === 410) return [null];
    throw error;
  }
}

/** The copy of one, and how many seconds ago it was fetched; null if there is none. */
async function keptMetadataDocument(url) {
  const copy = await (await open(METADATA_CACHE))?.match(url);
  if (copy === undefined) return null;
  const kept = (name) => copy.headers.get(`x-kept-${name}`) ?? "";
  const seconds = Math.max(0, Math.floor((Date.now() - Number(kept("at"))) / 1000));
  const bytes = new Uint8Array(await copy.arrayBuffer());
  return [bytes, kept("type"), kept("cache-control"), kept("age"), String(seconds)];
}

/** Keeps a copy for `seconds`, with the headers of the document itself under names of our own. */
async function keepMetadataDocument(url, bytes, [type, cacheControl, age], seconds) {
  const headers = {
    "cache-control": `max-age=${seconds}`,
    "x-kept-at": String(Date.now()),
    "x-kept-type": type,
    "x-kept-cache-control": cacheControl,
    "x-kept-age": age,
  };
  await (await open(METADATA_CACHE))?.put(url, new Response(bytes, { headers })).catch(() => {});
}

// Where `src/edge/js.rs` finds them.
globalThis.mintedgeGetDocument = getDocument;
globalThis.mintedgeKeepDocument = keepDocument;
globalThis.mintedgeGetMetadataDocument = getMetadataDocument;
globalThis.mintedgeKeptMetadataDocument = keptMetadataDocument;
globalThis.mintedgeKeepMetadataDocument = keepMetadataDocument;

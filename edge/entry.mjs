// The Worker's entry point. It turns a Request into a few strings, calls the wasm export `handle` and turns the answer
// into a Response: strings cross the wasm boundary much faster than Request and Response objects do.
//
// The answer is one string, or a promise of one: the status, a line feed, `name: value` lines, an empty line, the body.
import Shim, { Control as RustControl } from "../build/index.js";
import "./documents.mjs";
import { serverError } from "./failure.mjs";
import "./outside.mjs";
import { guard, guardedObject } from "./recovery.mjs";

export const Control = guardedObject(RustControl);
export { Directory, Ephemeral, Replay, Subject } from "./objects.mjs";

// The order is part of the contract with `src/edge`.
const FORWARDED_HEADERS = [
  "authorization", "content-type", "origin", "cf-ray", "if-none-match", "if-match", "accept", "cookie",
  "cf-connecting-ip", "user-agent",
];
const BODY_LIMIT = 65_536;
const ADMIN_BODY_LIMIT = 1_048_576;

// The shim exports its functions as methods only. This one is called without an instance, hence `guard`.
const { handle } = Shim.prototype;

export default {
  async fetch(request, env, ctx) {
    try {
      const { method, url, headers } = request;
      const forwarded = FORWARDED_HEADERS.map((name) => headers.get(name) ?? "").join("\n");
      let body;
      if (method !== "GET" && method !== "HEAD") {
        try {
          body = await readBody(request, url);
        } catch {
          // The client went away while sending: nobody reads the answer, and it is no failure of ours.
          return new Response(null, { status: 400 });
        }
      }
      const tooLarge = body === null;
      const answer = guard(() => handle(env, ctx, method, url, forwarded, body ?? undefined, tooLarge));
      return toResponse(typeof answer === "string" ? answer : await answer);
    } catch (error) {
      return serverError(request, error);
    }
  },
};

/**
 * The body's bytes, undefined without a body, or null when there are more than allowed. A body of unknown length is
 * never buffered whole. The getter `body` makes a stream, so it is asked only where it is needed.
 */
async function readBody(request, url) {
  const limit = url.split("?", 1)[0].includes("/admin/") ? ADMIN_BODY_LIMIT : BODY_LIMIT;
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    return Number(declared) <= limit ? new Uint8Array(await request.arrayBuffer()) : null;
  }
  if (request.body === null) return undefined;
  const chunks = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((offset, chunk) => (bytes.set(chunk, offset), offset + chunk.length), 0);
  return bytes;
}

// Most answers repeat one of a few status and header blocks, so the parsed ones are kept.
const knownHeads = new Map();
const MAX_KNOWN_HEADS = 64;

function toResponse(answer) {
  const end = answer.indexOf("\n\n");
  const head = answer.slice(0, end);
  let init = knownHeads.get(head);
  if (init === undefined) {
    const [status, ...lines] = head.split("\n");
    const fields = lines.map((line) => line.split(/: (.*)/s, 2));
    init = { status: Number(status), headers: new Headers(fields) };
    // Redirects and cookies carry codes and sessions: they never repeat and must not outlive their request.
    if (!/^3|\nset-cookie:/i.test(head)) {
      if (knownHeads.size === MAX_KNOWN_HEADS) knownHeads.clear();
      knownHeads.set(head, init);
    }
  }
  return new Response(end + 2 === answer.length ? null : answer.slice(end + 2), init);
}

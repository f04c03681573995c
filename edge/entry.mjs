// The Worker's entry point. It turns a Request into a few strings, calls the wasm export `handle` and turns the answer
// into a Response: strings cross the wasm boundary much faster than Request and Response objects do, and few strings faster
// than many. A token request takes a shorter way than others (docs/decisions/lean-path.md).
//
// The answer is one string: the status, a line feed, `name: value` lines, an empty line, the body. While there is none, wasm
// returns the number of a promise that is waited for here, and is resumed with what it became; or a promise of the answer.
import { handle, resume } from "../build/index.js";
import "./documents.mjs";
import { serverError } from "./failure.mjs";
import { takeAwaited, useBindings } from "./outside.mjs";
import { guard } from "./recovery.mjs";

export { Control, Directory, Ephemeral, Replay, Subject } from "./objects.mjs";

// The order is part of the contract with `src/edge`.
const FORWARDED_HEADERS = [
  "authorization", "content-type", "origin", "cf-ray", "if-none-match", "if-match", "accept", "cookie",
  "cf-connecting-ip", "user-agent",
];
// Those of them that a token request is answered with; nothing there looks at the others.
const TOKEN_HEADERS = ["authorization", "content-type", "origin", "cf-ray", "cf-connecting-ip"];
const TOKEN_LINES = FORWARDED_HEADERS.map((name) => TOKEN_HEADERS.includes(name));
const TOKEN = "/token";
// Below it the pages say roughly where a device is. What else is asked for is one line more, and nowhere else.
const DEVICE = "/device";
const BODY_LIMIT = 65_536;
const ADMIN_BODY_LIMIT = 1_048_576;

export default {
  fetch(request, env) {
    useBindings(env);
    const { method, url } = request;
    // With a query it may be any other address that merely ends so, and the token endpoint has none.
    const isToken = method === "POST" && url.endsWith(TOKEN) && !url.includes("?");
    return isToken ? token(request, url) : other(request, method, url);
  },
};

/** A request for a token, whose body is text. */
async function token(request, url) {
  const { headers } = request;
  const declared = headers.get("content-length");
  if (declared === null || !(Number(declared) <= BODY_LIMIT)) return other(request, "POST", url);
  let head = `POST\n${url}`;
  for (let line = 0; line < FORWARDED_HEADERS.length; line++) {
    head += TOKEN_LINES[line] ? `\n${headers.get(FORWARDED_HEADERS[line]) ?? ""}` : "\n";
  }
  let text;
  try {
    text = await request.text();
  } catch {
    return goneAway();
  }
  // What was no UTF-8 has become replacement characters, which no form has: it stays what it was, for the server to refuse.
  const bytes = text.includes("\ufffd") ? Uint8Array.of(0xff) : undefined;
  return answer(request, head, bytes === undefined ? text : undefined, bytes, false);
}

async function other(request, method, url) {
  const { headers } = request;
  let head = `${method}\n${url}\n${FORWARDED_HEADERS.map((name) => headers.get(name) ?? "").join("\n")}`;
  // The platform's own word: the header that says the same may come from anybody where the platform doesn't set it.
  if (url.includes(DEVICE)) head += `\n${request.cf?.country ?? ""}`;
  let body;
  if (method !== "GET" && method !== "HEAD") {
    try {
      body = await readBody(request, url);
    } catch {
      return goneAway();
    }
  }
  return answer(request, head, undefined, body ?? undefined, body === null);
}

/** The client went away while sending: nobody reads the answer, and it is no failure of ours. */
function goneAway() {
  return new Response(null, { status: 400 });
}

/** A Response, or a promise of one. */
function answer(request, head, text, bytes, tooLarge) {
  try {
    const answered = guard(() => handle(head, text, bytes, tooLarge));
    if (typeof answered === "string") return toResponse(answered);
    if (typeof answered === "number") return resumed(request, answered, takeAwaited());
    return answered.then(toResponse).catch((error) => serverError(request, error));
  } catch (error) {
    return serverError(request, error);
  }
}

/** Waits for what the request waits for, as often as it does, and makes the Response. */
async function resumed(request, ticket, awaited) {
  try {
    let answered = ticket;
    while (typeof answered === "number") {
      const number = answered;
      let value;
      let isRejected = false;
      try {
        value = await awaited;
      } catch (error) {
        value = error;
        isRejected = true;
      }
      answered = guard(() => resume(number, value, isRejected));
      awaited = takeAwaited();
    }
    if (answered === undefined) throw new Error("nobody waits for this any more: wasm was replaced, or too many wait");
    return toResponse(await answered);
  } catch (error) {
    return serverError(request, error);
  }
}

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

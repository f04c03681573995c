// A release of the Worker on the real runtime, without a development server around it, so that its objects' databases can be laid
// down before and read afterward. KV is a stand-in that forgets everything, and that can refuse to be written.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const ROOT = new URL("../..", import.meta.url).pathname;
export const ISSUER = "http://127.0.0.1:8787";
/** Secrets of a server that holds nothing but this test's own people. */
export const ADMIN_SECRET = "not-a-secret-but-long-enough-for-a-test-server";
export const KEK = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
export const CLASSES = ["Control", "Subject", "Directory", "Ephemeral", "Replay"];

const KV = `
const values = new Map();
export default {
  async fetch(request, { REFUSES }) {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === "/bulk/get") {
      const { keys } = await request.json();
      return Response.json(Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])));
    }
    const key = decodeURIComponent(pathname.slice(1));
    if (request.method === "GET") return new Response(values.get(key), { status: values.has(key) ? 200 : 404 });
    if (REFUSES === "yes") return new Response(null, { status: 500 });
    request.method === "PUT" ? values.set(key, await request.text()) : values.delete(key);
    return new Response();
  },
};
`;

// The Worker, and what its objects ask their databases: `GET /statements` takes the statements since the last time.
const COUNTING = `
import worker, { ${CLASSES.join(", ")} } from "./edge/entry.mjs";
const statements = [];
const counted = (name, Class) => class extends Class {
  constructor({ storage, ...state }, env) {
    const exec = (query, ...bindings) => {
      statements.push([name, query]);
      return storage.sql.exec(query, ...bindings);
    };
    const own = Object.fromEntries(["transactionSync", "getAlarm", "setAlarm", "deleteAll"].map((method) => [
      method, (...args) => storage[method](...args),
    ]));
    super({ storage: { ...own, sql: { exec } }, blockConcurrencyWhile: (work) => work() }, env);
  }
};
${CLASSES.map((name) => `const Counted${name} = counted("${name}", ${name});\nexport { Counted${name} as ${name} };`).join("\n")}
export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/statements") return worker.fetch(request, env, ctx);
    return Response.json(statements.splice(0));
  },
};
`;

const modules = (files) => files.map((file) => {
  const kind = file.endsWith(".wasm") ? "wasm" : "esModule";
  return `(name = "${file}", ${kind} = embed "${file}")`;
});

const config = (files, port, kvRefuses) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "kv", worker = .kv),
    (name = "disk", disk = (path = "state", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const kv :Workerd.Worker = (
  modules = [(name = "kv.mjs", esModule = embed "kv.mjs")],
  compatibilityDate = "2026-10-20",
  bindings = [(name = "REFUSES", text = "${kvRefuses ? "yes" : "no"}")],
);
const main :Workerd.Worker = (
  modules = [${modules(files).join(", ")}],
  compatibilityDate = "2026-10-20",
  compatibilityFlags = ["global_fetch_strictly_public"],
  bindings = [
    (name = "ISSUER", text = "${ISSUER}"),
    (name = "ADMIN_SECRET", text = "${ADMIN_SECRET}"),
    (name = "KEK", text = "${KEK}"),
    (name = "EDGE_CACHE_SECONDS", text = "1"),
    (name = "KV", kvNamespace = "kv"),
    ${CLASSES.map((name) => `(name = "${name.toUpperCase()}", durableObjectNamespace = "${name}")`).join(", ")}
  ],
  durableObjectNamespaces = [
    ${CLASSES.map((name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`).join(", ")}
  ],
  durableObjectStorage = (localDisk = "disk"),
);
`;

/** Copies the Worker of `release` (a directory with edge/ and build/) to `directory`, which gets a place for state, too. */
export function layOut(release, directory) {
  cpSync(join(release, "edge"), join(directory, "edge"), { recursive: true });
  mkdirSync(join(directory, "build"), { recursive: true });
  for (const file of ["index.js", "index_bg.wasm"]) cpSync(join(release, "build", file), join(directory, "build", file));
  for (const name of CLASSES) mkdirSync(join(directory, "state", name), { recursive: true });
  writeFileSync(join(directory, "kv.mjs"), KV);
  writeFileSync(join(directory, "counting.mjs"), COUNTING);
}

/**
 * Serves what `layOut` laid out; returns where, and what ends it without warning. KV may refuse to be written; statements may be
 * counted.
 */
export async function serve(directory, { kvRefuses = false, counting = false } = {}) {
  const edge = readdirSync(join(directory, "edge")).filter((file) => file.endsWith(".mjs") && file !== "entry.mjs");
  // The first module is the Worker.
  const files = [...(counting ? ["counting.mjs"] : []), "edge/entry.mjs", ...edge.map((file) => `edge/${file}`), "build/index.js", "build/index_bg.wasm"];
  const port = await freePort();
  writeFileSync(join(directory, "config.capnp"), config(files, port, kvRefuses));
  const binary = createRequire(join(ROOT, "package.json"))("workerd").default;
  const workerd = spawn(binary, ["serve", "config.capnp"], { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (workerd.exitCode !== null || workerd.signalCode !== null) return;
    workerd.kill("SIGKILL");
    await new Promise((resolve) => workerd.once("exit", resolve));
  };
  for (let tries = 0; tries < 300; tries += 1) {
    const up = await fetch(`${url}/.well-known/openid-configuration`).catch(() => undefined);
    if (up !== undefined) return { url, stop };
    await sleep(100);
  }
  await stop();
  throw new Error("workerd doesn't answer");
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

export const basic = ({ id, secret }) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });

/** Posts a form to an endpoint. */
export function post(url, path, fields, headers = {}) {
  const body = new URLSearchParams(fields);
  return fetch(url + path, { method: "POST", redirect: "manual", headers: { ...FORM, ...headers }, body });
}

/** What a successful answer says. */
export async function read(response) {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

/** The admin API of a server, as a function of method, path, body and headers. */
export async function administrator(url) {
  const client = basic({ id: "mintedge-admin", secret: ADMIN_SECRET });
  const { access_token } = await read(await post(url, "/token", { grant_type: "client_credentials" }, client));
  const known = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
  return async (method, path, body, headers) => read(await fetch(`${url}/admin/v1/${path}`, {
    method, headers: { ...known, ...headers }, body: body && JSON.stringify(body),
  }));
}

export const REDIRECT = "https://app.example/callback";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
export const ADDRESS = { "cf-connecting-ip": "10.1.2.3" };

/** The path of an authorization request of `app`. */
export function authorization(app, more = "") {
  return `/authorize?${new URLSearchParams({
    client_id: app.id, response_type: "code", redirect_uri: REDIRECT, scope: `openid email orders:read${more}`,
    code_challenge: CHALLENGE, code_challenge_method: "S256", state: "state",
  })}`;
}

/** Tokens for whoever has `cookie`. */
export async function logIn(url, app, cookie, more) {
  const answer = await fetch(url + authorization(app, more), { redirect: "manual", headers: { ...ADDRESS, cookie } });
  const code = new URL(answer.headers.get("location")).searchParams.get("code");
  const grant = { grant_type: "authorization_code", code, redirect_uri: REDIRECT, code_verifier: VERIFIER };
  return read(await post(url, "/token", grant, basic(app)));
}

// `edge/objects.mjs` on the real runtime, with a stand-in for the wasm module: what an object's storage comes to is decided here
// and nowhere else. Rows, alarms, failures, and what is left of an object that has become empty.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = new URL("../..", import.meta.url).pathname;
// Every object that was spoken to has a database of this size, empty or not: the runtime makes it.
const NOTHING = 4096;

// Commands are steps: `put KEY`, `delete KEY`, `wake MILLISECONDS`, `list`, `fail`, `order`, `release`. The alarm deletes a and b, and
// orders. What is ordered is computed when it is released.
const WASM = `
export const __wbg_reset_state = () => {};
export const make_keys = () => {};
let inWork, released;
export const hash_begin = (number) => { inWork = number; return true; };
export const hash_step = (number) => {
  if (inWork !== number) throw new Error("not in work");
  return released ? "computed" : undefined;
};
export const hash_end = (number) => { if (inWork === number) inWork = undefined; };
export const object = (env, name, rows, command, computed) => {
  let alarm = "";
  let answer = "";
  for (const [what, argument] of command.split(";").map((step) => step.split(" "))) {
    if (what === "put") rows.write(argument, "value");
    if (what === "delete") rows.write(argument, undefined);
    if (what === "wake") alarm = String(Date.now() + Number(argument));
    if (what === "list") answer = rows.list(argument ?? "", undefined, 100).join(" ");
    if (what === "release") released = true;
    if (what === "order" && computed === undefined) return "password\\nsomething";
    if (what === "order") answer = computed;
    if (what === "fail") throw new Error("told to fail");
  }
  return alarm + "\\n" + answer;
};
export const object_alarm = async (env, name, carryOut) => {
  await carryOut("delete a;delete b");
  if (await carryOut("order") !== "computed") throw new Error("what it orders is not computed");
};
`;
const ENTRY = `
export { Subject } from "./edge/objects.mjs";
export default {
  async fetch(request, { OBJECTS }) {
    const name = new URL(request.url).pathname.slice(1);
    return OBJECTS.getByName(name).fetch("https://object/", { method: "POST", body: await request.text() });
  },
};
`;
const config = (port, state, date) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "disk", disk = (path = "${state}", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "entry.mjs", esModule = embed "entry.mjs"),
    (name = "edge/objects.mjs", esModule = embed "edge/objects.mjs"),
    (name = "edge/rows.mjs", esModule = embed "edge/rows.mjs"),
    (name = "edge/hashing.mjs", esModule = embed "edge/hashing.mjs"),
    (name = "edge/hashing_line.mjs", esModule = embed "edge/hashing_line.mjs"),
    (name = "edge/recovery.mjs", esModule = "export const guard = (work) => work();"),
    (name = "build/index.js", esModule = embed "index.js"),
  ],
  compatibilityDate = "${date}",
  durableObjectNamespaces = [(className = "Subject", uniqueKey = "objects", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "OBJECTS", durableObjectNamespace = "Subject")],
);
`;

let directory, port, workerd;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "mintedge-objects-"));
  mkdirSync(join(directory, "state"));
  mkdirSync(join(directory, "edge"));
  for (const file of ["objects.mjs", "rows.mjs", "hashing.mjs", "hashing_line.mjs"]) {
    cpSync(join(ROOT, "edge", file), join(directory, "edge", file));
  }
  writeFileSync(join(directory, "index.js"), WASM);
  writeFileSync(join(directory, "entry.mjs"), ENTRY);
  port = await freePort();
  writeFileSync(join(directory, "config.capnp"), config(port, join(directory, "state"), "2026-10-20"));
  const binary = createRequire(join(ROOT, "package.json"))("workerd").default;
  workerd = spawn(binary, ["serve", join(directory, "config.capnp")], { stdio: "inherit" });
  for (let tries = 0; tries < 100; tries += 1) {
    if (await ask("ready", "list").catch(() => undefined)) return;
    await sleep(100);
  }
  throw new Error("workerd doesn't answer");
});

after(() => {
  workerd.kill();
  rmSync(directory, { recursive: true, force: true });
});

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Status and answer, with a space in between. */
async function ask(name, command) {
  const response = await fetch(`http://127.0.0.1:${port}/${name}`, { method: "POST", body: command });
  return `${response.status} ${await response.text()}`.trim();
}

/** Waits for an alarm: until the object has no rows but `rows`. However late it rings, it rings. */
async function rung(name, rows) {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(name, "list");
    if (answer === `200 ${rows}`.trim()) return;
    assert.ok(tries < 600, `${name} holds ${answer}`);
    await sleep(100);
  }
}

/** How many databases hold anything, once the runtime has closed them. */
async function databases() {
  workerd.kill();
  await new Promise((resolve) => workerd.once("exit", resolve));
  const state = join(directory, "state", "objects");
  const names = readdirSync(state).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  return { all: names.length, full: names.filter((name) => statSync(join(state, name)).size > NOTHING).length };
}

test("an object keeps rows and forgets them", async () => {
  assert.equal(await ask("rows", "put a;put b"), "200");
  assert.equal(await ask("rows", "delete a;list"), "200 b value");
  assert.equal(await ask("rows", "list"), "200 b value");
});

test("a list has the key that is its prefix", async () => {
  assert.equal(await ask("prefixes", "put code;put code/a;put cod;put d;list code"), "200 code value code/a value");
});

test("what an object orders is computed, for as many as may wait; others are sent away at once", async () => {
  let sendAway;
  const sentAway = new Promise((resolve) => (sendAway = resolve));
  const answers = [];
  const asked = Array.from({ length: 12 }, async () => {
    answers.push(await ask("ordering", "order"));
    if (answers.length === 4) sendAway();
  });
  await sentAway;
  assert.deepEqual(answers, Array(4).fill('200 "busy"'));
  assert.equal(await ask("releasing", "release"), "200");
  await Promise.all(asked);
  assert.deepEqual(answers.slice(4), Array(8).fill("200 computed"));
});

test("a failure leaves nothing behind, tables included", async () => {
  assert.equal(await ask("failed", "put a;fail"), "500 told to fail");
  assert.equal(await ask("failed", "list"), "200");
  assert.equal(await ask("failed", "put a;list"), "200 a value");
  assert.equal(await ask("failed", "delete a;put b;fail"), "500 told to fail");
  assert.equal(await ask("failed", "list"), "200 a value");
});

test("an object that was empty begins anew, alarm included", async () => {
  await ask("anew", "put a");
  await ask("anew", "delete a");
  assert.equal(await ask("anew", "put a;put c;wake 500;list"), "200 a value c value");
  await rung("anew", "c value");
});

test("an object that waits for its alarm is still there when it rings", async () => {
  // Long enough that it does not ring before the object is looked at, on a machine that stands still for a while, too.
  await ask("waiting", "put a;wake 8000");
  await ask("waiting", "delete a");
  await ask("waiting", "put b");
  assert.equal(await ask("waiting", "list"), "200 b value");
  await rung("waiting", "");
});

test("commands that come all at once see whole rows", async () => {
  const commands = Array.from({ length: 60 }, (_, number) => ask("busy", number % 2 ? "delete a" : "put a"));
  for (const answer of await Promise.all(commands)) assert.equal(answer, "200");
  assert.match(await ask("busy", "put z;wake 60000;list"), /^200 (a value )?z value$/);
});

// The last one: it stops the runtime.
test("looking at an object that isn't there writes nothing, and one that has become empty leaves nothing", async () => {
  for (let number = 0; number < 20; number += 1) {
    assert.equal(await ask(`unknown-${number}`, "list"), "200");
    await ask(`pushed-${number}`, "put a;wake 500");
    await ask(`released-${number}`, "put a");
    assert.equal(await ask(`released-${number}`, "delete a"), "200");
  }
  for (let number = 0; number < 20; number += 1) await rung(`pushed-${number}`, "");
  // What an alarm leaves empty deletes itself behind its back.
  await sleep(1000);
  const { all, full } = await databases();
  assert.ok(all >= 65, `${all} were spoken to`);
  assert.equal(full, 5, "rows, prefixes, failed, anew and busy hold something");
});

// mcp-remote, which lets clients that know only programs on their own machine reach MCP servers elsewhere.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { RESOURCE, authorize, freePort, printedRequest } from "./person.mjs";

const PROGRAM = fileURLToPath(new URL("node_modules/mcp-remote/dist/proxy.js", import.meta.url));
const MESSAGES = [
  { id: 1, method: "initialize", params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } } },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list" },
];

/** Has a program of this machine ask for the tools through mcp-remote, which keeps what it has in `directory`. */
function run(directory, port, more) {
  // Nothing to open a page with: the test is the browser.
  const { DISPLAY, WAYLAND_DISPLAY, DBUS_SESSION_BUS_ADDRESS, ...rest } = process.env;
  const environment = { ...rest, MCP_REMOTE_CONFIG_DIR: directory, PATH: "/nonexistent" };
  const program = spawn(process.execPath, [PROGRAM, RESOURCE, `${port}`, ...more], { env: environment });
  program.stdin.write(MESSAGES.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join(""));
  let [said, log] = ["", ""];
  program.stderr.on("data", (chunk) => { log += chunk; });
  const tools = new Promise((resolve, reject) => {
    program.stdout.on("data", (chunk) => {
      said += chunk;
      const answers = said.split("\n").filter((line) => line.endsWith("}")).map((line) => JSON.parse(line));
      const answer = answers.find(({ id }) => id === 2);
      if (answer) resolve(answer.result.tools.map(({ name }) => name));
    });
    program.on("exit", (code) => reject(new Error(`it ended with ${code}: ${log}`)));
  });
  const end = async () => {
    const ended = once(program, "exit");
    program.kill();
    await ended;
    return log;
  };
  return { program, tools, end };
}

/** Signs in once, then runs again with what was kept. Returns what was asked for. */
async function signInTwice(more) {
  const directory = await mkdtemp(path.join(tmpdir(), "mcp-remote-"));
  try {
    const port = await freePort();
    const first = run(directory, port, more);
    first.tools.catch(() => {});
    const url = await printedRequest(first.program);
    // It listens on `localhost`, so the browser goes all the way.
    await authorize(url, ["127.0.0.1", "localhost"]);
    assert.deepEqual(await first.tools, ["who_am_i", "list_notes", "add_note"]);
    await first.end();
    const again = run(directory, port, more);
    assert.deepEqual(await again.tools, ["who_am_i", "list_notes", "add_note"]);
    assert.doesNotMatch(await again.end(), /Please authorize/);
    return new URL(url).searchParams;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test("a registered client signs in once, on any port of this machine", async () => {
  const asked = await signInTwice(["--static-oauth-client-info", JSON.stringify({ client_id: "notes-tools" })]);
  assert.equal(asked.get("client_id"), "notes-tools");
  assert.match(asked.get("redirect_uri"), /^http:\/\/localhost:\d+\/oauth\/callback$/);
});

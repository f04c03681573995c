// The scenarios of the MCP project for authorization servers, under every revision that its package knows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ISSUER, authorize, freePort, printedRequest } from "./person.mjs";

const PROGRAM = fileURLToPath(new URL("node_modules/@modelcontextprotocol/conformance/dist/index.js", import.meta.url));
const REVISIONS = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const SCENARIOS = ["authorization-server-metadata-endpoint", "authorization-code-grant"];

async function run(parameters, drive) {
  const program = spawn(process.execPath, [PROGRAM, ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (chunk) => { text += chunk; });
  const ended = once(program, "exit");
  await drive(program);
  const [code] = await ended;
  return { code, text };
}

describe("the conformance package", { concurrency: true }, () => {
  for (const revision of REVISIONS) {
    test(`its scenarios of ${revision} pass`, async () => {
      const port = await freePort();
      const parameters = ["authorization", "--url", ISSUER, "--client-id", "notes-tools", "--port", `${port}`, "--spec-version", revision];
      const { code, text } = await run(parameters, async (program) => authorize(await printedRequest(program)));
      assert.equal(code, 0, text);
      // A scenario that a revision leaves out would pass without having looked.
      for (const scenario of SCENARIOS) assert.ok(text.includes(`Running scenario: ${scenario}`), text);
      assert.doesNotMatch(text, /FAILURE/, text);
    });
  }
});

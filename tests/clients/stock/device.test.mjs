// golang.org/x/oauth2 on a device without a browser, as docs/guides/devices.md sets it up: it prints the code, and somebody approves.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { promisify } from "node:util";

import { application, signedUp, useSignUp } from "../node/login.mjs";
import { issuer, register } from "../node/setup.mjs";
import { directory, fresh, write } from "./snippets.mjs";

useSignUp(before);

const guide = readFileSync(new URL("../../../docs/guides/devices.md", import.meta.url), "utf8");
const code = guide.match(/^```go\n([\s\S]*?)^```$/m)?.[1];

test("Go", async (context) => {
  const hasGo = await promisify(execFile)("go", ["version"]).then(() => true, () => false);
  if (!hasGo) return context.skip("Go is not installed");
  const client = await register({
    client_name: "Acme TV",
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    scopes: ["openid"],
    token_endpoint_auth_method: "none",
  });
  const path = await fresh("go/generated/device");
  const used = code
    .replaceAll("https://id.example.com", issuer)
    .replaceAll("\"acme-tv\"", JSON.stringify(client.id))
    .replaceAll("\"openid\", \"orders:read\"", "\"openid\"");
  await write(`${path}/main.go`, used);
  await promisify(execFile)("go", ["build", "-o", `${path}/app`, "./generated/device"], { cwd: `${directory}go` });
  const child = spawn(`${path}/app`, { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => child.kill());
  let output = "";
  const codeShown = new Promise((resolve) => {
    child.stdout.on("data", (data) => {
      output += data;
      const shown = output.match(/\b[A-Z]{4}-[A-Z]{4}\b/);
      if (shown) resolve(shown[0]);
    });
  });
  const ended = new Promise((resolve) => { child.on("close", resolve); });
  const { person } = await signedUp(await application());
  const entry = await person.browser.open(`${issuer}/device`);
  const asked = await person.browser.submit(entry, { user_code: await codeShown, action: "continue" });
  await person.browser.submit(asked, { action: "allow" });
  assert.equal(await ended, 0, output);
  assert.match(output, /connected/i);
});

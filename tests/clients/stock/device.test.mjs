// golang.org/x/oauth2 and the Rust crate oauth2 on a device without a browser, as docs/guides/devices.md sets them up: they print the
// code, and somebody approves.
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
const code = (language) => {
  const found = guide.match(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "m"))?.[1];
  assert.ok(found, `the guide has a program in ${language}`);
  return found;
};
const television = () => register({
  client_name: "Acme TV",
  grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
  scopes: ["openid"],
  token_endpoint_auth_method: "none",
});
const has = (command, version) => promisify(execFile)(command, [version]).then(() => true, () => false);

test("Go", async (context) => {
  if (!await has("go", "version")) return context.skip("Go is not installed");
  const client = await television();
  const path = await fresh("go/generated/device");
  await write(`${path}/main.go`, forTest(code("go"), client).replaceAll("\"openid\", \"orders:read\"", "\"openid\""));
  await promisify(execFile)("go", ["build", "-o", `${path}/app`, "./generated/device"], { cwd: `${directory}go` });
  await connects(context, `${path}/app`);
});

test("Rust", async (context) => {
  if (!await has("cargo", "--version")) return context.skip("Rust is not installed");
  const client = await television();
  const path = await fresh("rust/generated");
  await write(`${path}/main.rs`, forTest(code("rust"), client));
  await promisify(execFile)("cargo", ["build", "--quiet", "--locked"], { cwd: `${directory}rust` });
  await connects(context, `${directory}rust/target/debug/device`);
});

/** The guide's program for the server and the client of a test. */
function forTest(program, client) {
  return program.replaceAll("https://id.example.com", issuer).replaceAll("\"acme-tv\"", JSON.stringify(client.id));
}

/** Runs the program, approves what it shows, and expects it to get its tokens. */
async function connects(context, program) {
  const child = spawn(program, { stdio: ["ignore", "pipe", "inherit"] });
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
}

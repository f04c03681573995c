// An administrator signs in with `mintedge login`, permits it in Chromium, and administers.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, stat, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { useSignUp } from "../clients/node/login.mjs";
import { admin, changeConfig, eventually, issuer } from "../clients/node/setup.mjs";
import { assertAccessible, launch } from "./browser.mjs";
import { customer, heading, signIn, withPage as run } from "./people.mjs";

useSignUp(before);

const CARGO = ["run", "--quiet", "--package", "mintedge-cli", "--bin", "mintedge", "--"];

let browser;
let home;

before(async () => {
  await promisify(execFile)("cargo", ["build", "--quiet", "--package", "mintedge-cli", "--bin", "mintedge"]);
  browser = await launch();
  home = await mkdtemp(join(tmpdir(), "mintedge-"));
});

after(async () => {
  await browser?.close();
  await rm(home, { recursive: true, force: true });
});

const withPage = (look, options) => run(browser, look, options);

/** The environment of the command: this server, a home of its own, and no secret. */
function environment() {
  const { MINTEDGE_ADMIN_SECRET: _, MINTEDGE_CLIENT_ID: __, ...others } = process.env;
  return { ...others, MINTEDGE_ISSUER: issuer, MINTEDGE_KEYRING: "off", XDG_CONFIG_HOME: home };
}

/** Runs the command; its JSON answer. */
async function mintedge(...argumentsOf) {
  const options = { env: environment() };
  const { stdout } = await promisify(execFile)("cargo", [...CARGO, ...argumentsOf, "--json"], options);
  return JSON.parse(stdout);
}

/** Starts `mintedge login`; where it wants somebody to sign in, and its end. */
async function startLogin() {
  const child = spawn("cargo", [...CARGO, "login", "--no-browser", "--json"], { env: environment() });
  const lines = createInterface({ input: child.stderr });
  const ended = new Promise((resolve) => child.on("close", resolve));
  let said = "";
  child.stdout.on("data", (data) => { said += data; });
  const url = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.startsWith("  http")) resolve(line.trim());
    });
    lines.on("close", () => reject(new Error("it names no address")));
  });
  return { url, ended: ended.then((code) => ({ code, said })) };
}

async function appoint(person, scopes) {
  const { sub } = await (await admin("GET", `users/${encodeURIComponent(person.email)}`)).json();
  const entry = { user: person.email, sub, scopes };
  await changeConfig((config) => ({ ...config, administrator: [entry] }));
}

test("an administrator signs in with the command and a browser", () => withPage(async (page) => {
  const person = await customer();
  await appoint(person, ["mintedge:read", "mintedge:users"]);
  const { url, ended } = await startLogin();
  await page.goto(url);
  await signIn(page, person);
  await page.waitForSelector("#allow");
  assert.match(await heading(page), /The mintedge command asks for access/);
  assert.match(await page.textContent("main"), /See and change people’s accounts/);
  await assertAccessible(page);
  await page.click("#allow");
  await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/callback\?/);
  assert.equal(await heading(page), "You are signed in");
  assert.ok((await page.textContent("main")).includes(person.email));
  const { code, said } = await ended;
  assert.equal(code, 0);
  const { login, scopes, kept_in: file } = JSON.parse(said);
  assert.deepEqual([login, scopes], [person.email, ["mintedge:read", "mintedge:users"]]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal((await mintedge("whoami")).login, person.email);
  assert.ok((await mintedge("users", "list", "--search", person.email)).users.length === 1);
  await mintedge("logout");
  assert.deepEqual((await readdir(join(home, "mintedge", "logins"))).filter((name) => name.endsWith(".json")), []);
}));

test("somebody without a role is told in the browser and by the command", () => withPage(async (page) => {
  const person = await customer();
  const { url, ended } = await startLogin();
  await page.goto(url);
  await signIn(page, person);
  await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/callback\?/);
  assert.equal(await heading(page), "You are not signed in");
  assert.equal((await ended).code, 4);
}, { expected: [/status of 400/] }));

test("a role that is taken away ends", () => withPage(async (page) => {
  const person = await customer();
  await appoint(person, ["mintedge:read"]);
  const { url, ended } = await startLogin();
  await page.goto(url);
  await signIn(page, person);
  await page.click("#allow");
  await page.waitForURL(/callback/);
  assert.equal((await ended).code, 0);
  await mintedge("keys", "list");
  await changeConfig((config) => ({ ...config, administrator: [] }));
  await eventually(() => assert.rejects(mintedge("keys", "list"), /insufficient_scope/));
}));

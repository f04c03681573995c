// What a request costs in statements: the Worker on the real runtime, with an ear at its objects' databases.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ADDRESS, ROOT, administrator, basic, layOut, logIn, post, read, serve } from "./server.mjs";
import { handedOut, layDown } from "../upgrade/state.mjs";

const old = handedOut("98c8e2d");
let directory, server;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "mintedge-statements-"));
  layOut(ROOT, directory);
  layDown("98c8e2d", directory);
  server = await serve(directory, { counting: true });
});

after(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The statements since the last time, of objects of `kind`: what they begin with. */
async function statements(kind) {
  const all = await read(await fetch(`${server.url}/statements`));
  return all.filter(([name]) => name === kind).map(([, query]) => query.split(" ", 2).join(" "));
}

const refresh = async (refresh_token) =>
  read(await post(server.url, "/token", { grant_type: "refresh_token", refresh_token }, basic(old.app)));

test("a refresh with a warm object reads nothing and writes one row", async () => {
  let { refresh_token } = await refresh(old.tokens.refresh_token);
  assert.ok((await statements("Subject")).includes("SELECT value"), "a cold one reads");
  for (let round = 0; round < 5; round += 1) {
    ({ refresh_token } = await refresh(refresh_token));
    assert.deepEqual(await statements("Subject"), ["INSERT OR"], `${round}`);
  }
  // A retry of the last one writes nothing either.
  const next = await refresh(refresh_token);
  await statements("Subject");
  assert.equal((await refresh(refresh_token)).refresh_token, next.refresh_token);
  assert.deepEqual(await statements("Subject"), []);
});

test("a refusal reads nothing either", async () => {
  const { refresh_token } = await logIn(server.url, old.app, old.session, " offline_access");
  await refresh(refresh_token);
  await statements("Subject");
  const refused = await post(server.url, "/token", { grant_type: "refresh_token", refresh_token, scope: "unknown" }, basic(old.app));
  assert.equal(refused.status, 400);
  assert.deepEqual(await statements("Subject"), []);
});

test("a session in use is not read again", async () => {
  await logIn(server.url, old.app, old.session);
  await statements("Subject");
  await logIn(server.url, old.app, old.session);
  // Whether the code was redeemed before; all grants, for whether there are too many; and the grant.
  assert.deepEqual(await statements("Subject"), ["SELECT value", "SELECT key,", "INSERT OR"]);
});

test("a device's poll reads and writes nothing, and its pace is remembered all the same", async () => {
  const admin = await administrator(server.url);
  const grant = "urn:ietf:params:oauth:grant-type:device_code";
  const { client, secret } = await admin("POST", "clients", { client_id: "tv", grant_types: [grant], scopes: ["openid"] });
  const authenticated = { ...basic({ id: client.client_id, secret: secret.client_secret }), ...ADDRESS };
  const begun = await read(await post(server.url, "/device_authorization", { scope: "openid" }, authenticated));
  const kept = (await statements("Ephemeral")).filter((statement) => statement.startsWith("INSERT"));
  assert.deepEqual(kept, ["INSERT INTO", "INSERT OR"], "the version of the tables, and one row");
  const answers = [];
  for (let round = 0; round < 5; round += 1) {
    const polled = await post(server.url, "/token", { grant_type: grant, device_code: begun.device_code }, authenticated);
    answers.push((await polled.json()).error);
  }
  assert.deepEqual(answers, ["authorization_pending", "slow_down", "slow_down", "slow_down", "slow_down"]);
  assert.deepEqual(await statements("Ephemeral"), []);
  const forged = begun.device_code.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
  assert.equal((await post(server.url, "/token", { grant_type: grant, device_code: forged }, authenticated)).status, 400);
  assert.deepEqual(await statements("Ephemeral"), []);
});

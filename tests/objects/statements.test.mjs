// What a request costs in statements: the Worker on the real runtime, with an ear at its objects' databases.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ROOT, basic, layOut, logIn, post, read, serve } from "./server.mjs";
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

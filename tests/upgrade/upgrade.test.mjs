// What an earlier release stored and handed out works with the Worker of today, on the real runtime.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { ROOT, administrator, authorization, basic, layOut, logIn, post, read, serve } from "../objects/server.mjs";
import { content, handedOut, layDown } from "./state.mjs";

/** Serves today's Worker on what `release` left behind. */
async function upgraded(release, work) {
  const directory = mkdtempSync(join(tmpdir(), "mintedge-upgrade-"));
  try {
    layOut(ROOT, directory);
    layDown(release, directory);
    const server = await serve(directory);
    await work(server, directory).finally(server.stop);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const secretWorks = async (url, client) =>
  (await post(url, "/token", { grant_type: "client_credentials" }, basic(client))).status;

const refresh = (url, client, refresh_token) =>
  post(url, "/token", { grant_type: "refresh_token", refresh_token }, basic(client));

/** The Control object's tables, after the runtime has ended. */
function controlTables(directory) {
  const place = join(directory, "state", "Control");
  const [file] = readdirSync(place).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const database = new DatabaseSync(join(place, file));
  const found = content(database);
  database.close();
  return found;
}

for (const release of ["990b797", "98c8e2d"]) {
  test(`what ${release} left behind goes on working`, async () => {
    const old = handedOut(release);
    await upgraded(release, async ({ url, stop }, directory) => {
      for (const client of [old.service, old.api]) assert.equal(await secretWorks(url, client), 200, client.id);
      assert.equal(await secretWorks(url, old.gone), 401, "what was switched off stays so");
      for (const { refresh_token } of [old.tokens, old.offline]) {
        const first = await read(await refresh(url, old.app, refresh_token));
        await read(await refresh(url, old.app, first.refresh_token));
        assert.equal((await refresh(url, old.app, refresh_token)).status, 400, "reuse is noticed");
      }
      const again = await logIn(url, old.app, old.session);
      const { sub } = claims(again.id_token);
      assert.equal(sub, claims(old.tokens.id_token).sub);
      const answer = await fetch(url + authorization(old.app), { redirect: "manual" });
      assert.equal(answer.status, 200, "nobody else is logged in");
      const admin = await administrator(url);
      const { config } = await admin("GET", "config");
      assert.deepEqual(config.client.map(({ client_id }) => client_id).sort(), ["app", "gone", "service"]);
      await sleep(2000); // for the alarm
      await stop();
      const tables = controlTables(directory);
      assert.deepEqual(Object.keys(tables).sort(), ["row", "schema"]);
      assert.deepEqual(tables.schema, [[2]]);
      const keys = tables.row.map(([key]) => key);
      assert.deepEqual(keys.filter((key) => key.startsWith("outbox/")), [], "everything is published");
      assert.deepEqual(keys, ["client/app", "client/gone", `client/${old.api.id}`, "client/service", "head"]);
    });
  });
}

function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
}

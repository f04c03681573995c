// Apache's mod_auth_openidc logs people in, refreshes, and signs them out, from its side and from the server's.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Person, application, useSignUp } from "../node/login.mjs";
import { eventually, issuer } from "../node/setup.mjs";

const APACHE = process.env.APACHE ?? "/usr/sbin/apache2";
const MODULES = process.env.APACHE_MODULES ?? "/usr/lib/apache2/modules";
/** Whom Apache runs as when the tests run as root. */
const NOBODY = 65_534;
const SHOWN = ["sub", "email", "name"].map((name) => `OIDC_CLAIM_${name}`).concat("REMOTE_USER", "OIDC_access_token");

useSignUp(before);

for (const alg of ["RS256", "ES256"]) {
  describe(`an application behind Apache, ID tokens signed with ${alg}`, () => {
    let site;
    before(async () => { site = await openSite(alg); });
    after(() => site?.close());

    test("shows who has signed in, and keeps them signed in", async () => {
      const person = new Person();
      const first = shown(await person.signUp(site.members));
      assert.deepEqual([first.OIDC_CLAIM_email, first.OIDC_CLAIM_name], [person.email, "Ada Lovelace"]);
      assert.equal(first.REMOTE_USER, `${first.OIDC_CLAIM_sub}@${issuer}`);
      assert.equal(shown(await person.browser.open(site.members)).OIDC_CLAIM_sub, first.OIDC_CLAIM_sub);
    });

    test("refreshes its access token", async () => {
      const person = new Person();
      const { OIDC_access_token: token } = shown(await person.signUp(site.members));
      const refresh = new URL(site.callback);
      refresh.search = new URLSearchParams({ refresh: site.members, access_token: token });
      const { OIDC_access_token: next } = shown(await person.browser.open(refresh));
      assert.notEqual(next, token);
      const info = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${next}` } });
      assert.equal(info.status, 200);
    });

    test("signs people out here and there", async () => {
      const person = new Person();
      shown(await person.signUp(site.members));
      const left = await person.browser.open(`${site.callback}?logout=${encodeURIComponent(site.goodbye)}`);
      assert.equal(left.url.href, site.goodbye);
      await assertSignedOut(person);
    });

    test("lets go of people who sign out elsewhere", async () => {
      const person = new Person();
      shown(await person.signUp(site.members));
      const page = await person.browser.open(`${issuer}/logout`);
      await person.browser.submit(page, { action: "logout" });
      await eventually(() => assertSignedOut(person));
    });

    async function assertSignedOut(person) {
      const page = await person.browser.open(site.members);
      assert.equal(page.url.origin, issuer);
      assert.match(page.body, /name="password"/);
    }
  });
}

/** What a page of the site says. */
function shown(page) {
  assert.equal(page.status, 200, page.body);
  const lines = page.body.trim().split("\n").map((line) => line.split(": "));
  const values = Object.fromEntries(lines);
  assert.deepEqual(Object.keys(values), SHOWN, page.body);
  return values;
}

/** Runs Apache as a relying party that was registered for it, on a port of its own, from a directory of its own. */
async function openSite(alg) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const callback = `${origin}/members/callback`;
  const goodbye = `${origin}/goodbye.html`;
  const app = await application({
    client_name: "Members",
    redirect_uris: [callback],
    post_logout_redirect_uris: [goodbye],
    backchannel_logout_uri: `${callback}?logout=backchannel`,
    id_token_signed_response_alg: alg,
  });
  const directory = await mkdtemp(join(tmpdir(), "mintedge-apache-"));
  await mkdir(join(directory, "htdocs/members"), { recursive: true });
  const lines = SHOWN.map((name) => `${name}: <!--#echo var="${name}" -->`);
  await writeFile(join(directory, "htdocs/members/index.html"), `${lines.join("\n")}\n`);
  await writeFile(join(directory, "htdocs/goodbye.html"), "Goodbye");
  const user = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  await chmod(directory, 0o755);
  if (user.uid) await chown(directory, user.uid, user.gid);
  const apache = spawn(APACHE, ["-D", "FOREGROUND", "-f", new URL("httpd.conf", import.meta.url).pathname], {
    ...user,
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      SITE: directory,
      PORT: String(port),
      MODULES,
      ISSUER: issuer,
      CLIENT_ID: app.id,
      CLIENT_SECRET: app.secret,
      PASSPHRASE: randomBytes(24).toString("hex"),
      ALG: alg,
    },
  });
  const kill = () => apache.kill();
  process.once("exit", kill);
  const ended = once(apache, "exit");
  const site = {
    members: `${origin}/members/index.html`,
    callback,
    goodbye,
    async close() {
      kill();
      await ended;
      process.off("exit", kill);
      await rm(directory, { recursive: true });
    },
  };
  try {
    await eventually(async () => assert.equal((await fetch(goodbye)).status, 200));
  } catch (error) {
    error.message += `\n${await readFile(join(directory, "error.log"), "utf8").catch(() => "without a log")}`;
    await site.close();
    throw error;
  }
  return site;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

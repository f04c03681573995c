// An application that lives in the browser, with oidc-client-ts: several tabs, silent renewal, signing out.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { PASSWORD, application, signedUp, useSignUp } from "../clients/node/login.mjs";
import { issuer } from "../clients/node/setup.mjs";
import { launch, watch } from "./browser.mjs";

useSignUp(before);

const TABS = 5;
const FILES = {
  "/app.js": new URL("spa/app.js", import.meta.url),
  "/oidc-client-ts.js": new URL("../browser/oidc-client-ts.min.js", import.meta.resolve("oidc-client-ts")),
};
const PAGE = new URL("spa/index.html", import.meta.url);

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Serves the application from an origin of its own and registers it, without a secret. */
async function deploy(t, members = {}) {
  let settings;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://any.example");
    if (pathname === "/settings.json") {
      response.setHeader("content-type", "application/json").end(JSON.stringify(settings));
      return;
    }
    const file = FILES[pathname];
    const type = file ? "text/javascript" : "text/html; charset=utf-8";
    response.setHeader("content-type", type).end(await readFile(file ?? PAGE));
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const app = await application({
    client_name: "Notes",
    token_endpoint_auth_method: "none",
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/`],
    allowed_origins: [origin],
    ...members,
  });
  settings = { authority: issuer, client_id: app.id, client_secret: app.secret };
  return origin;
}

/** Runs `look` in a browser where somebody has signed in at `origin`. */
async function withUser(origin, look) {
  const { person } = await signedUp(await application());
  const context = await browser.newContext();
  try {
    const { page, complaints } = await openTab(context, origin);
    await page.evaluate(() => { globalThis.manager.signinRedirect(); });
    await page.fill("#username", person.email);
    await page.fill("#password", PASSWORD);
    await page.click("#login");
    // Without a secret and on a loopback address it could be anybody (RFC 8252 §8.6): the server asks every time.
    const { client_secret: secret } = await (await fetch(`${origin}/settings.json`)).json();
    if (!secret) await page.click("#allow");
    await page.waitForSelector(`text=${person.email}`);
    await look({ context, page });
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

async function openTab(context, origin) {
  const tab = await watch(context);
  tab.page.setDefaultTimeout(30_000);
  await tab.page.goto(origin);
  await tab.page.waitForFunction(() => globalThis.manager);
  return tab;
}

const user = (page) => page.evaluate(async () => ({ ...await globalThis.manager.getUser() }));
/** What a silent sign-in yields: tokens, or the error. */
const renew = (page) => page.evaluate(async () => {
  try {
    return { ...await globalThis.manager.signinSilent() };
  } catch (error) {
    return { error: error.error ?? String(error) };
  }
});

/** Renews in all tabs at once: no request goes out before every tab has decided what to send. */
async function renewTogether(tabs) {
  await Promise.all(tabs.map((tab) => tab.evaluate(() => {
    const send = globalThis.fetch;
    const released = new Promise((resolve) => { globalThis.release = resolve; });
    globalThis.fetch = async (uri, ...rest) => {
      if (String(uri).endsWith("/token")) {
        globalThis.fetch = send;
        globalThis.held = true;
        await released;
      }
      return send(uri, ...rest);
    };
  })));
  const renewing = tabs.map(renew);
  await Promise.all(tabs.map((tab) => tab.waitForFunction(() => globalThis.held)));
  await Promise.all(tabs.map((tab) => tab.evaluate(() => {
    globalThis.held = false;
    globalThis.release();
  })));
  return Promise.all(renewing);
}

test("many tabs refresh at the same time and stay signed in, all of them", async (t) => {
  const origin = await deploy(t);
  await withUser(origin, async ({ context, page }) => {
    const tabs = [page];
    while (tabs.length < TABS) tabs.push((await openTab(context, origin)).page);
    let previous = await user(page);
    for (let round = 0; round < 3; round += 1) {
      // Each tab has read the same token before any of them asks.
      const held = await Promise.all(tabs.map(user));
      assert.deepEqual([...new Set(held.map((one) => one.refresh_token))], [previous.refresh_token]);
      const renewed = await renewTogether(tabs);
      assert.deepEqual(renewed.filter(({ error }) => error), []);
      const [successor, ...others] = new Set(renewed.map((one) => one.refresh_token));
      assert.notEqual(successor, previous.refresh_token);
      assert.deepEqual(others, []);
      for (const { access_token: token } of renewed) assert.equal((await userinfo(token)).status, 200);
      previous = await user(page);
    }
    // One family: what ends it ends every tab's tokens.
    const access = await Promise.all(tabs.map(async (tab) => (await user(tab)).access_token));
    await page.evaluate(() => globalThis.manager.revokeTokens(["refresh_token"]));
    for (const token of access) assert.equal((await userinfo(token)).status, 401);
  });
});

function userinfo(token) {
  return fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
}

test("a hidden frame gets nothing for an application that could be anybody", async (t) => {
  const origin = await deploy(t, { grant_types: ["authorization_code"] });
  await withUser(origin, async ({ page }) => {
    assert.equal((await renew(page)).error, "consent_required");
  });
});

test("a hidden frame renews with prompt=none as long as the session lives", async (t) => {
  // In place of an https origin, which would do without a secret.
  const members = { grant_types: ["authorization_code"], token_endpoint_auth_method: "client_secret_post" };
  const origin = await deploy(t, members);
  await withUser(origin, async ({ context, page }) => {
    const first = await user(page);
    assert.equal(first.refresh_token, undefined);
    const renewed = await renew(page);
    assert.notEqual(renewed.access_token, first.access_token);
    assert.deepEqual([renewed.profile.sub, renewed.profile.sid], [first.profile.sub, first.profile.sid]);
    const other = await context.newPage();
    await other.goto(`${issuer}/logout`);
    await other.click("#logout");
    await other.waitForSelector("text=signed out");
    assert.equal((await renew(page)).error, "login_required");
  });
});

test("signing out leads back to the application", async (t) => {
  const origin = await deploy(t);
  await withUser(origin, async ({ page }) => {
    const { refresh_token: token } = await user(page);
    await page.evaluate(() => { globalThis.manager.signoutRedirect(); });
    await page.waitForURL(`${origin}/**`);
    await page.waitForSelector("text=Nobody");
    const { client_id: clientId } = await (await fetch(`${origin}/settings.json`)).json();
    const refused = await fetch(`${issuer}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: token, client_id: clientId }),
    });
    assert.deepEqual([refused.status, (await refused.json()).error], [400, "invalid_grant"]);
  });
});

test("scripts of another origin can't read tokens", async (t) => {
  const origin = await deploy(t, { allowed_origins: ["https://notes.example"] });
  const context = await browser.newContext();
  const { page, complaints } = await openTab(context, origin);
  const outcome = await page.evaluate(async (uri) => {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "mer_x", client_id: "any" });
    return fetch(uri, { method: "POST", body }).then(({ status }) => status, ({ name }) => name);
  }, `${issuer}/token`);
  await context.close();
  assert.equal(outcome, "TypeError");
  assert.match(complaints.join(), /CORS/);
});

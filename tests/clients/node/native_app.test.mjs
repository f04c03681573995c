// An app on somebody's computer (RFC 8252): no secret, PKCE, and a loopback address on whatever port is free.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { before, describe, test } from "node:test";

import * as oidc from "openid-client";

import { Person, application, authorizationRequest, useSignUp } from "./login.mjs";
import { issuer, rejection } from "./setup.mjs";

useSignUp(before);

const HOSTS = { "127.0.0.1": "http://127.0.0.1/callback", "::1": "http://[::1]:7777/callback" };
const nativeApp = (members = {}) => application({
  token_endpoint_auth_method: "none",
  redirect_uris: Object.values(HOSTS),
  ...members,
});

/** Listens for one answer, as the app does while the browser is open; no longer than the test `t`. */
async function listen(t, host) {
  const server = createServer();
  const answered = once(server, "request").then(([request, response]) => {
    response.end("You can close this window.");
    return new URL(request.url, redirectUri);
  });
  await new Promise((resolve, reject) => { server.once("error", reject).listen(0, host, resolve); });
  const { family, port } = server.address();
  const redirectUri = `http://${family === "IPv6" ? `[${host}]` : host}:${port}/callback`;
  t.after(() => server.close());
  return { redirectUri, answered };
}

for (const host of Object.keys(HOSTS)) {
  test(`an app that listens on ${host} logs somebody in and stays connected`, async (t) => {
    const listener = await listen(t, host).catch(() => undefined);
    if (!listener) return t.skip(`this machine has no ${host}`);
    const app = await nativeApp();
    const { url, checks } = await authorizationRequest(app, { redirect_uri: listener.redirectUri });
    const person = new Person(["127.0.0.1", "[::1]"]);
    const page = await person.allow(await person.signUp(url));
    assert.equal(page.body, "You can close this window.");
    const answer = await listener.answered;
    const tokens = await oidc.authorizationCodeGrant(app.config, answer, checks);
    assert.equal(tokens.claims().iss, issuer);
    let { refresh_token: token } = tokens;
    for (let use = 0; use < 3; use += 1) {
      const next = await oidc.refreshTokenGrant(app.config, token);
      assert.notEqual(next.refresh_token, token);
      token = next.refresh_token;
    }
    await oidc.tokenRevocation(app.config, token);
    assert.equal((await rejection(oidc.refreshTokenGrant(app.config, token))).error, "invalid_grant");
  });
}

describe("what else could listen there gets nothing", () => {
  const person = new Person();
  const open = async (redirectUri) => {
    const { url } = await authorizationRequest(await nativeApp(), { redirect_uri: redirectUri });
    return person.browser.open(url);
  };
  for (const place of ["127.0.0.1:4711/other", "localhost:4711/callback", "127.0.0.2:4711/callback"]) {
    const uri = `http://${place}`;
    test(uri, async () => {
      const page = await open(uri);
      assert.equal(page.status, 400);
      assert.equal(page.url.origin, issuer);
    });
  }
});

test("a code is worth nothing without its verifier", async (t) => {
  const app = await nativeApp();
  const person = new Person();
  const listener = await listen(t, "127.0.0.1");
  const { url, checks } = await authorizationRequest(app, { redirect_uri: listener.redirectUri });
  await person.allow(await person.signUp(url));
  const answer = await listener.answered;
  const thief = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
  assert.equal((await rejection(oidc.authorizationCodeGrant(app.config, answer, thief))).error, "invalid_grant");
  assert.ok(await oidc.authorizationCodeGrant(app.config, answer, checks));
});

test("PKCE is no choice", async () => {
  const redirectUri = "com.example.app:/callback";
  const app = await nativeApp({ redirect_uris: [redirectUri] });
  const { url } = await authorizationRequest(app, { redirect_uri: redirectUri });
  for (const name of ["code_challenge", "code_challenge_method"]) url.searchParams.delete(name);
  const { url: answer } = await new Person().browser.open(url);
  assert.equal(answer.searchParams.get("error"), "invalid_request");
});

test("an app may have a scheme of its own", async () => {
  const app = await nativeApp({ redirect_uris: ["com.example.app:/callback"] });
  const person = new Person();
  const { url, checks } = await authorizationRequest(app, { redirect_uri: "com.example.app:/callback" });
  const { url: answer } = await person.allow(await person.signUp(url));
  assert.equal(answer.protocol, "com.example.app:");
  const tokens = await oidc.authorizationCodeGrant(app.config, answer, checks);
  assert.ok(tokens.id_token);
});

test("no code goes out without a yes, however often there was one", async () => {
  const redirectUri = "com.example.app:/callback";
  const app = await nativeApp({ redirect_uris: [redirectUri] });
  const person = new Person();
  const ask = async (more = {}) => authorizationRequest(app, { redirect_uri: redirectUri, ...more });
  const { url: first } = await ask();
  assert.equal((await person.allow(await person.signUp(first))).url.protocol, "com.example.app:");
  const { url: second } = await ask();
  const page = await person.browser.open(second);
  assert.equal(page.url.origin, issuer);
  assert.ok((await person.allow(page)).url.searchParams.has("code"));
  const { url: silent } = await ask({ prompt: "none" });
  assert.equal((await person.browser.open(silent)).url.searchParams.get("error"), "consent_required");
});

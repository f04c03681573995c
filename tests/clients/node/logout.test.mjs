// openid-client signs people out; jose verifies what the other applications are told (Back-Channel Logout 1.0).
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { jwtVerify } from "jose";
import * as oidc from "openid-client";

import { Person, SIGNED_OUT_URI, application, authorizationRequest, signedUp, useSignUp } from "./login.mjs";
import { issuer, rejection, remoteKeySet } from "./setup.mjs";

useSignUp(before);

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

async function signOut(app, person, tokens) {
  const url = oidc.buildEndSessionUrl(app.config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: SIGNED_OUT_URI,
    state: "the state",
  });
  return person.browser.open(url);
}

test("signing out leads back and ends session and tokens", async () => {
  const app = await application();
  const { person, tokens } = await signedUp(app);
  const { url } = await signOut(app, person, tokens);
  assert.equal(url.origin + url.pathname, SIGNED_OUT_URI);
  assert.deepEqual([...url.searchParams], [["state", "the state"]]);
  assert.equal((await rejection(person.tokens(app, { prompt: "none" }))).error, "login_required");
  assert.equal((await rejection(oidc.refreshTokenGrant(app.config, tokens.refresh_token))).error, "invalid_grant");
  const { url: login, checks } = await authorizationRequest(app);
  const { url: answer } = await person.logIn(await person.browser.open(login));
  const again = await oidc.authorizationCodeGrant(app.config, answer, checks);
  assert.equal(again.claims().sub, tokens.claims().sub);
  assert.notEqual(again.claims().sid, tokens.claims().sid);
});

test("offline access outlives the session", async () => {
  const app = await application({ first_party: false });
  const person = new Person();
  const { url, checks } = await authorizationRequest(app, { scope: "openid offline_access", prompt: "consent" });
  const { url: answer } = await person.browser.submit(await person.signUp(url), { action: "allow" });
  const tokens = await oidc.authorizationCodeGrant(app.config, answer, checks);
  await signOut(app, person, tokens);
  assert.ok(await oidc.refreshTokenGrant(app.config, tokens.refresh_token));
});

test("without a hint people are asked", async () => {
  const app = await application();
  const { person } = await signedUp(app);
  const url = oidc.buildEndSessionUrl(app.config, { post_logout_redirect_uri: SIGNED_OUT_URI });
  const page = await person.browser.open(url);
  assert.match(page.body, /Sign out\?/);
  assert.ok((await person.tokens(app, { prompt: "none" })).id_token);
  const { url: left } = await person.browser.submit(page, { action: "logout" });
  assert.equal(left.href, SIGNED_OUT_URI);
  assert.equal((await rejection(person.tokens(app, { prompt: "none" }))).error, "login_required");
});

/** An application's back-channel endpoint, which answers with `statuses`, the last one again and again. */
async function backChannel(...statuses) {
  const calls = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    calls.push({ at: Date.now(), method: request.method, headers: request.headers, form });
    response.writeHead(statuses.length > 1 ? statuses.shift() : statuses[0]).end();
    waiting.splice(0).forEach((resolve) => resolve());
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return {
    uri: `http://127.0.0.1:${server.address().port}/backchannel`,
    calls,
    /** Waits until there were `count` calls. */
    async received(count) {
      const deadline = Date.now() + 60_000;
      while (calls.length < count) {
        assert.ok(Date.now() < deadline, `${calls.length} of ${count} logout tokens came`);
        await Promise.race([sleep(1000), new Promise((resolve) => { waiting.push(resolve); })]);
      }
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Verifies a logout token as Back-Channel Logout 1.0 §2.6 has it. */
async function verify({ method, headers, form }, app, alg) {
  assert.equal(method, "POST");
  assert.match(headers["content-type"], /^application\/x-www-form-urlencoded/);
  assert.deepEqual([...form.keys()], ["logout_token"]);
  const { payload } = await jwtVerify(form.get("logout_token"), await remoteKeySet(), {
    issuer,
    audience: app.id,
    typ: "logout+jwt",
    algorithms: [alg],
    requiredClaims: ["iss", "aud", "iat", "exp", "jti", "events", "sid", "sub"],
  });
  assert.deepEqual(payload.events, { [EVENT]: {} });
  assert.equal("nonce" in payload, false);
  return payload;
}

test("the other applications are told, and again if that failed", async (t) => {
  const [flaky, steady] = [await backChannel(500, 200), await backChannel(200)];
  t.after(() => [flaky, steady].forEach((endpoint) => endpoint.close()));
  const first = await application({ backchannel_logout_uri: flaky.uri, id_token_signed_response_alg: "ES256" });
  const second = await application({ backchannel_logout_uri: steady.uri, subject_type: "pairwise" });
  const { person, tokens } = await signedUp(first);
  const others = await person.tokens(second);
  await signOut(first, person, tokens);
  await steady.received(1);
  await flaky.received(2);
  const told = await verify(steady.calls[0], second, "RS256");
  assert.deepEqual([told.sub, told.sid], [others.claims().sub, others.claims().sid]);
  for (const call of flaky.calls) {
    const { sub, sid } = await verify(call, first, "ES256");
    assert.deepEqual([sub, sid], [tokens.claims().sub, tokens.claims().sid]);
  }
  const [failed, retried] = flaky.calls.map(({ at }) => at);
  assert.ok(retried - failed >= 9_000, `${retried - failed} ms`);
  assert.equal(steady.calls.length, 1);
});

test("an application that nobody used is told nothing", async (t) => {
  const [known, unknown] = [await backChannel(200), await backChannel(200)];
  t.after(() => [known, unknown].forEach((endpoint) => endpoint.close()));
  const used = await application({ backchannel_logout_uri: known.uri });
  await application({ backchannel_logout_uri: unknown.uri });
  const { person, tokens } = await signedUp(used);
  await signOut(used, person, tokens);
  await known.received(1);
  await verify(known.calls[0], used, "RS256");
  assert.deepEqual([known.calls.length, unknown.calls.length], [1, 0]);
});

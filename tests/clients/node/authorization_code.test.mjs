// openid-client logs people in: every algorithm of ID tokens, every way an answer takes, pushed requests, refusals.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { decodeProtectedHeader, jwtVerify } from "jose";
import * as oidc from "openid-client";

import { Person, REDIRECT_URI, application, authorizationRequest, signedUp, useSignUp } from "./login.mjs";
import { ALGORITHMS, issuer, register, rejection, remoteKeySet, resources, useResources } from "./setup.mjs";

useResources(before, after);
useSignUp(before);

for (const alg of [undefined, ...ALGORITHMS]) {
  test(`an application with ${alg ?? "the default"} for ID tokens logs somebody in`, async () => {
    const app = await application(alg ? { id_token_signed_response_alg: alg } : {});
    const { person, tokens } = await signedUp(app);
    assert.equal(decodeProtectedHeader(tokens.id_token).alg, alg ?? "RS256");
    const claims = tokens.claims();
    assert.deepEqual([claims.iss, claims.aud, claims.amr], [issuer, app.id, ["pwd"]]);
    const user = await oidc.fetchUserInfo(app.config, tokens.access_token, claims.sub);
    assert.deepEqual([user.email, user.name], [person.email, "Ada Lovelace"]);
  });
}

test("the token for a resource verifies there and stands for the person", async () => {
  const { identifier, scopes: [scope] } = resources.ES256;
  const app = await application({ scopes: ["openid", scope] });
  const { tokens } = await signedUp(app, { scope: `openid ${scope}`, resource: identifier });
  const { payload } = await jwtVerify(tokens.access_token, await remoteKeySet(), {
    issuer, audience: identifier, typ: "at+jwt", algorithms: ["ES256"],
  });
  assert.deepEqual([payload.sub, payload.client_id], [tokens.claims().sub, app.id]);
});

for (const alg of ALGORITHMS) {
  test(`userinfo signed with ${alg} verifies`, async () => {
    const app = await application({ userinfo_signed_response_alg: alg });
    const { person, tokens } = await signedUp(app);
    const user = await oidc.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
    assert.equal(user.email, person.email);
  });
}

test("client_secret_post works as well", async () => {
  const app = await application({ token_endpoint_auth_method: "client_secret_post" });
  app.config = await oidc.discovery(new URL(issuer), app.id, undefined, oidc.ClientSecretPost(app.secret), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });
  const { tokens } = await signedUp(app);
  assert.ok(tokens.id_token);
});

test("who is signed in is not asked again, unless the application wants it", async () => {
  const app = await application();
  const { person, tokens } = await signedUp(app);
  const again = await person.tokens(app, { prompt: "none" });
  assert.equal(again.claims().sub, tokens.claims().sub);
  assert.equal(again.claims().sid, tokens.claims().sid);
  for (const more of [{ prompt: "login" }, { max_age: "1" }]) {
    // `auth_time` counts whole seconds.
    await sleep(2100);
    const { url, checks } = await authorizationRequest(app, more);
    const page = await person.browser.open(url);
    assert.match(page.body, /name="password"/);
    const { url: answer } = await person.logIn(page);
    const fresh = await oidc.authorizationCodeGrant(app.config, answer, checks);
    assert.ok(fresh.claims().auth_time > tokens.claims().auth_time, JSON.stringify(more));
  }
});

test("an ID token as hint names who has to be signed in", async () => {
  const app = await application();
  const { person, tokens } = await signedUp(app);
  const own = await person.tokens(app, { prompt: "none", id_token_hint: tokens.id_token });
  assert.equal(own.claims().sub, tokens.claims().sub);
  const { person: other } = await signedUp(app);
  const refused = await rejection(other.tokens(app, { prompt: "none", id_token_hint: tokens.id_token }));
  assert.equal(refused.error, "login_required");
});

test("another application asks for consent, and remembers the answer", async () => {
  const app = await application({ first_party: false });
  const person = new Person();
  const { url, checks } = await authorizationRequest(app);
  const page = await person.signUp(url);
  assert.match(page.body, /asks for access/);
  const { url: answer } = await person.browser.submit(page, { action: "allow" });
  const tokens = await oidc.authorizationCodeGrant(app.config, answer, checks);
  assert.equal((await person.tokens(app, { prompt: "none" })).claims().sub, tokens.claims().sub);
});

describe("refusals reach the application", () => {
  async function refusal(app, person, url, checks) {
    const { url: answer } = await person.browser.open(url);
    return rejection(oidc.authorizationCodeGrant(app.config, answer, checks));
  }

  test("nobody is signed in", async () => {
    const app = await application();
    const { url, checks } = await authorizationRequest(app, { prompt: "none" });
    const refused = await refusal(app, new Person(), url, checks);
    assert.deepEqual([refused.code, refused.error], ["OAUTH_AUTHORIZATION_RESPONSE_ERROR", "login_required"]);
    assert.equal(refused.cause.get("iss"), issuer);
  });

  test("nobody has consented", async () => {
    const [trusted, app] = [await application(), await application({ first_party: false })];
    const { person } = await signedUp(trusted);
    const { url, checks } = await authorizationRequest(app, { prompt: "none" });
    assert.equal((await refusal(app, person, url, checks)).error, "consent_required");
  });

  for (const [action, isSignedIn] of [["cancel", false], ["deny", true]]) {
    test(`the person presses ${action}`, async () => {
      const app = await application({ first_party: false });
      const person = new Person();
      const { url, checks } = await authorizationRequest(app);
      const page = isSignedIn ? await person.signUp(url) : await person.browser.open(url);
      const { url: answer } = await person.browser.submit(page, { action });
      const refused = await rejection(oidc.authorizationCodeGrant(app.config, answer, checks));
      assert.equal(refused.error, "access_denied");
    });
  }

  test("the scope is beyond the application's", async () => {
    const app = await application();
    const { url, checks } = await authorizationRequest(app, { scope: "openid phone" });
    assert.equal((await refusal(app, new Person(), url, checks)).error, "invalid_scope");
  });
});

describe("a code", () => {
  test("works once; that it was sent twice at once harms nothing", async () => {
    const app = await application();
    const { person } = await signedUp(app);
    const { url, checks } = await authorizationRequest(app);
    const { url: answer } = await person.browser.open(url);
    const redeem = () => oidc.authorizationCodeGrant(app.config, answer, checks).catch((error) => error);
    const both = await Promise.all([redeem(), redeem()]);
    const [[tokens], [refused]] = [both.filter(({ id_token: token }) => token), both.filter(({ error }) => error)];
    assert.deepEqual([refused.error, refused.status], ["invalid_grant", 400]);
    assert.ok(await oidc.refreshTokenGrant(app.config, tokens.refresh_token));
  });

  test("needs its verifier", async () => {
    const app = await application();
    const { person } = await signedUp(app);
    const { url, checks } = await authorizationRequest(app);
    const { url: answer } = await person.browser.open(url);
    const other = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
    assert.equal((await rejection(oidc.authorizationCodeGrant(app.config, answer, other))).error, "invalid_grant");
  });
});

test("an answer by form_post is taken from a POST", async () => {
  const app = await application();
  const { person } = await signedUp(app);
  const { url, checks } = await authorizationRequest(app, { response_mode: "form_post" });
  const page = await person.browser.open(url);
  const { action, fields } = page.form;
  assert.equal(action.href, REDIRECT_URI);
  const posted = new Request(action, { method: "POST", body: new URLSearchParams(fields) });
  const tokens = await oidc.authorizationCodeGrant(app.config, posted, checks);
  assert.equal(tokens.claims().nonce, checks.expectedNonce);
});

describe("pushed requests", () => {
  async function push(app, more) {
    const { parameters, checks } = await authorizationRequest(app, more);
    return { url: await oidc.buildAuthorizationUrlWithPAR(app.config, parameters), checks };
  }

  test("lead to tokens, once", async () => {
    const app = await application({ require_pushed_authorization_requests: true });
    const person = new Person();
    const { url, checks } = await push(app);
    assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    const { url: answer } = await person.signUp(url);
    assert.ok((await oidc.authorizationCodeGrant(app.config, answer, checks)).id_token);
    const again = await person.browser.open(url);
    assert.equal(again.status, 400);
  });

  test("are the only way where they are required", async () => {
    const app = await application({ require_pushed_authorization_requests: true });
    const { url, checks } = await authorizationRequest(app);
    const { url: answer } = await new Person().browser.open(url);
    const refused = await rejection(oidc.authorizationCodeGrant(app.config, answer, checks));
    assert.equal(refused.error, "invalid_request");
  });

  test("are refused at once when something is wrong with them", async () => {
    const app = await application();
    const refused = await rejection(push(app, { redirect_uri: "https://evil.example/callback" }));
    assert.deepEqual([refused.status, refused.error], [400, "invalid_request"]);
  });
});

test("people have other names at applications of another sector", async () => {
  const apps = [
    await application({ subject_type: "pairwise" }),
    await application({ subject_type: "pairwise", sector_identifier: "other.example" }),
  ];
  const { person, tokens } = await signedUp(apps[0]);
  const elsewhere = await person.tokens(apps[1]);
  assert.notEqual(elsewhere.claims().sub, tokens.claims().sub);
  assert.equal((await person.tokens(apps[0])).claims().sub, tokens.claims().sub);
});

test("a client that only calls services can't log people in", async () => {
  const client = await register({ redirect_uris: [REDIRECT_URI] });
  const app = { ...client, config: (await application()).config };
  const { url } = await authorizationRequest(app);
  url.searchParams.set("client_id", client.id);
  url.searchParams.set("scope", resources.ES256.scopes[0]);
  const { url: answer } = await new Person().browser.open(url);
  assert.equal(answer.searchParams.get("error"), "unauthorized_client");
});

// openid-client stays connected for people: refresh, revocation, introspection.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as oidc from "openid-client";

import { application, signedUp, useSignUp } from "./login.mjs";
import { confidentialClient, discover, issuer, register, rejection, resources, useResources } from "./setup.mjs";

useResources(before, after);
useSignUp(before);

const { identifier: resource, scopes: [scope] } = resources.EdDSA;
const members = { scopes: ["openid", "profile", "email", "offline_access", scope] };
const request = { scope: `openid email ${scope}`, resource };

test("a refresh token gives way to its successor, and a lost answer can be asked for again", async () => {
  const app = await application(members);
  const { tokens } = await signedUp(app);
  const first = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  const retried = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  assert.notEqual(first.refresh_token, tokens.refresh_token);
  assert.equal(retried.refresh_token, first.refresh_token);
  const [before_, after_] = [tokens.claims(), first.claims()];
  for (const name of ["iss", "sub", "aud", "auth_time", "sid"]) assert.deepEqual(after_[name], before_[name], name);
  const user = await oidc.fetchUserInfo(app.config, first.access_token, before_.sub);
  assert.equal(user.sub, before_.sub);
});

test("many refreshes at the same time end with one and the same successor", async () => {
  const app = await application(members);
  const { tokens } = await signedUp(app);
  const refresh = () => oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  const all = await Promise.all(Array.from({ length: 6 }, refresh));
  const [successor, ...others] = new Set(all.map(({ refresh_token: token }) => token));
  assert.deepEqual(others, []);
  assert.ok(await oidc.refreshTokenGrant(app.config, successor));
});

test("a token from before its successor's use ends the family", async () => {
  const app = await application(members);
  const { tokens } = await signedUp(app);
  const second = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  const third = await oidc.refreshTokenGrant(app.config, second.refresh_token);
  for (const { refresh_token: token } of [tokens, third]) {
    const refused = await rejection(oidc.refreshTokenGrant(app.config, token));
    assert.deepEqual([refused.status, refused.error], [400, "invalid_grant"]);
  }
});

test("a refresh may narrow the scope", async () => {
  const app = await application(members);
  const { tokens } = await signedUp(app, request);
  const narrow = await oidc.refreshTokenGrant(app.config, tokens.refresh_token, { scope });
  assert.equal(narrow.scope, scope);
  const wider = await rejection(oidc.refreshTokenGrant(app.config, narrow.refresh_token, { scope: "openid profile" }));
  assert.equal(wider.error, "invalid_scope");
});

test("clients that authenticate may keep their refresh token", async () => {
  const app = await application({ ...members, refresh: { mode: "reuse" } });
  const { tokens } = await signedUp(app);
  const next = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  assert.ok([undefined, tokens.refresh_token].includes(next.refresh_token));
  assert.ok(await oidc.refreshTokenGrant(app.config, tokens.refresh_token));
});

for (const kind of ["access_token", "refresh_token"]) {
  test(`revoking the ${kind} ends the grant`, async () => {
    const app = await application(members);
    const { tokens } = await signedUp(app);
    await oidc.tokenRevocation(app.config, tokens[kind], { token_type_hint: kind });
    const refresh = await rejection(oidc.refreshTokenGrant(app.config, tokens.refresh_token));
    assert.equal(refresh.error, "invalid_grant");
    const info = await rejection(oidc.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub));
    assert.deepEqual([info.status, info.cause[0].parameters.error], [401, "invalid_token"]);
    assert.equal((await oidc.tokenIntrospection(app.config, tokens.access_token)).active, false);
    // Once more is no error (RFC 7009 §2.2).
    await oidc.tokenRevocation(app.config, tokens[kind]);
  });
}

test("nobody can revoke what is another's", async () => {
  const [app, other] = [await application(members), await application(members)];
  const { tokens } = await signedUp(app);
  await oidc.tokenRevocation(other.config, tokens.refresh_token);
  assert.ok(await oidc.refreshTokenGrant(app.config, tokens.refresh_token));
});

test("introspection tells a resource server about the tokens that are for it", async () => {
  const app = await application(members);
  const { tokens } = await signedUp(app, request);
  const api = await confidentialClient({ grant_types: [], scopes: [], serves: [resource] });
  const told = await oidc.tokenIntrospection(api.config, tokens.access_token);
  assert.deepEqual([told.active, told.client_id, told.sub], [true, app.id, tokens.claims().sub]);
  assert.ok(told.scope.split(" ").includes(scope));
  const stranger = await confidentialClient({ grant_types: [], scopes: [] });
  assert.deepEqual(await oidc.tokenIntrospection(stranger.config, tokens.access_token), { active: false });
});

test("signed introspection (RFC 9701) verifies", async () => {
  const app = await application(members);
  const { tokens } = await signedUp(app, request);
  const signed = { introspection_signed_response_alg: "ES256" };
  const api = await register({ grant_types: [], scopes: [], serves: [resource], ...signed });
  const config = await discover(api.id, oidc.ClientSecretBasic(api.secret), "oauth2", signed);
  oidc.enableNonRepudiationChecks(config);
  const told = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.deepEqual([told.active, told.iss], [true, issuer]);
});

// A device without a browser (RFC 8628): openid-client asks for the codes and polls; somebody approves on the pages.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oidc from "openid-client";

import { application, signedUp, useSignUp } from "./login.mjs";
import { admin, eventually, issuer, rejection } from "./setup.mjs";

useSignUp(before);

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const television = (members = {}) => application({
  client_name: "Acme TV",
  grant_types: [DEVICE, "refresh_token"],
  token_endpoint_auth_method: "none",
  redirect_uris: [],
  post_logout_redirect_uris: [],
  first_party: false,
  ...members,
});

// The metadata names the endpoint once a client uses it, which the edges hear of within a minute.
before(async () => {
  await television();
  await eventually(async () => {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.ok(metadata.device_authorization_endpoint, "the metadata names the endpoint");
  });
});

/** Somebody who is signed in already. */
const viewer = async () => (await signedUp(await application())).person;

/** Types the code and answers what comes then. */
async function decide(person, code, action) {
  const entry = await person.browser.open(`${issuer}/device`);
  const asked = await person.browser.submit(entry, { user_code: code, action: "continue" });
  assert.match(asked.body, /Connect <bdi>Acme TV<\/bdi> to your account/);
  return person.browser.submit(asked, { action });
}

for (const kind of ["public", "confidential"]) {
  test(`a ${kind} device is approved while it polls, and stays connected`, async () => {
    const tv = await television(kind === "public" ? {} : { token_endpoint_auth_method: "client_secret_basic" });
    const person = await viewer();
    const begun = await oidc.initiateDeviceAuthorization(tv.config, { scope: "openid email offline_access" });
    assert.equal(begun.verification_uri, `${issuer}/device`);
    const polling = oidc.pollDeviceAuthorizationGrant(tv.config, begun);
    const done = await decide(person, begun.user_code.toLowerCase(), "allow");
    assert.match(done.body, /Device allowed/);
    const tokens = await polling;
    assert.equal(tokens.claims().email, person.email);
    const user = await oidc.fetchUserInfo(tv.config, tokens.access_token, tokens.claims().sub);
    assert.equal(user.email, person.email);
    const next = await oidc.refreshTokenGrant(tv.config, tokens.refresh_token);
    await oidc.tokenRevocation(tv.config, next.refresh_token);
    assert.equal((await rejection(oidc.refreshTokenGrant(tv.config, next.refresh_token))).error, "invalid_grant");
  });
}

test("a device learns that somebody said no", async () => {
  const tv = await television();
  const person = await viewer();
  const begun = await oidc.initiateDeviceAuthorization(tv.config, { scope: "openid" });
  const polling = rejection(oidc.pollDeviceAuthorizationGrant(tv.config, begun));
  await decide(person, begun.user_code, "deny");
  assert.equal((await polling).error, "access_denied");
});

test("a link is followed, compared and answered", async () => {
  const tv = await television();
  const person = await viewer();
  const begun = await oidc.initiateDeviceAuthorization(tv.config, { scope: "openid", qr_code: "svg" });
  assert.match(begun.qr_code, /^<svg /);
  const compare = await person.browser.open(begun.verification_uri_complete);
  assert.ok(compare.body.includes(begun.user_code));
  const asked = await person.browser.submit(compare, { action: "continue" });
  await person.browser.submit(asked, { action: "allow" });
  const tokens = await oidc.pollDeviceAuthorizationGrant(tv.config, begun);
  assert.equal(tokens.claims().iss, issuer);
});

test("a client that is switched off while its device waits gets nothing", async () => {
  const tv = await television();
  const begun = await oidc.initiateDeviceAuthorization(tv.config, { scope: "openid" });
  await admin("POST", `clients/${tv.id}/revoke`);
  const answer = await rejection(oidc.pollDeviceAuthorizationGrant(tv.config, begun));
  assert.equal(answer.error, "invalid_grant");
});

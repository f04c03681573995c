// An agent that asks a person through the backchannel (CIBA): openid-client asks and polls; somebody answers on the account page.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import * as oidc from "openid-client";

import { application, signedUp, useSignUp } from "./login.mjs";
import { eventually, issuer, rejection } from "./setup.mjs";

useSignUp(before);

const agent = (members = {}) => application({
  client_name: "Buying agent",
  grant_types: ["urn:openid:params:grant-type:ciba"],
  redirect_uris: [],
  post_logout_redirect_uris: [],
  first_party: false,
  scopes: ["openid", "email"],
  ...members,
});

// The metadata names the endpoint once a client uses it, which the edges hear of within a minute.
before(async () => {
  await agent();
  await eventually(async () => {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    assert.ok(metadata.backchannel_authentication_endpoint, "the metadata names the endpoint");
  });
});

/** Answers what waits on the account page. */
async function answer(person, action) {
  const page = await person.browser.open(`${issuer}/account`);
  assert.match(page.body, /Waiting for your answer/);
  return person.browser.submit(page, { action });
}

test("an agent asks, somebody says yes while it polls, and it gets tokens", async () => {
  const buyer = await agent();
  const { person } = await signedUp(await application());
  const begun = await oidc.initiateBackchannelAuthentication(buyer.config, {
    scope: "openid email", login_hint: person.email, binding_message: "3 chairs, 240 EUR",
  });
  assert.equal(begun.interval, 5);
  const polling = oidc.pollBackchannelAuthenticationGrant(buyer.config, begun);
  const page = await person.browser.open(`${issuer}/account`);
  assert.ok(page.body.includes("3 chairs, 240 EUR"));
  await answer(person, "allow_request");
  const tokens = await polling;
  assert.equal(tokens.claims().email, person.email);
  assert.equal(tokens.refresh_token, undefined);
});

test("an agent learns that somebody said no", async () => {
  const buyer = await agent();
  const { person } = await signedUp(await application());
  const begun = await oidc.initiateBackchannelAuthentication(buyer.config, { scope: "openid", login_hint: person.email });
  const polling = rejection(oidc.pollBackchannelAuthenticationGrant(buyer.config, begun));
  await answer(person, "deny_request");
  assert.equal((await polling).error, "access_denied");
  const again = oidc.initiateBackchannelAuthentication(buyer.config, { scope: "openid", login_hint: person.email });
  assert.equal((await rejection(again)).status, 429, "a client waits after a no");
});

test("an agent that needs the person's code sends it", async () => {
  const buyer = await agent({ backchannel_user_code_parameter: true });
  const { person } = await signedUp(await application());
  const ask = (more) => oidc.initiateBackchannelAuthentication(buyer.config, {
    scope: "openid", login_hint: person.email, ...more,
  });
  assert.equal((await rejection(ask({}))).error, "missing_user_code");
  assert.equal((await rejection(ask({ user_code: "blue horse" }))).error, "invalid_user_code");
  const page = await person.browser.open(`${issuer}/account`);
  await person.browser.submit(page, { action: "set_request_code", request_code: "blue horse" });
  const begun = await ask({ user_code: "blue horse" });
  const polling = oidc.pollBackchannelAuthenticationGrant(buyer.config, begun);
  await answer(person, "allow_request");
  assert.equal((await polling).claims().aud, buyer.id);
});

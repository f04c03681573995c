// openid-client swaps tokens with its generic grant request, jose verifies what comes out: token exchange, delegation,
// guests.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as oidc from "openid-client";

import { useSignUp } from "./login.mjs";
import { confidentialClient, discover, register, rejection, resources, sibling, useResources } from "./setup.mjs";
import {
  ACCESS_TOKEN, EXCHANGE, apiOne, claims, delegate, exchange, one, personsToken, read, target, two,
} from "./swap.mjs";

useResources(before, after);
useSignUp(before);

const GUEST = "urn:mintedge:grant-type:guest";

test("a person's token is exchanged for the next API", async () => {
  const { token, sub } = await personsToken();
  const client = await apiOne();
  const answer = await exchange(client, token, { resource: two.identifier });
  assert.deepEqual([answer.issued_token_type, answer.scope], [ACCESS_TOKEN, target]);
  assert.deepEqual([answer.refresh_token, answer.id_token], [undefined, undefined]);
  const seen = await claims(answer);
  assert.deepEqual([seen.sub, seen.client_id, seen.aud, seen.scope], [sub, client.id, two.identifier, target]);
  assert.deepEqual(seen.act, { sub: client.id, client_id: client.id });
  assert.deepEqual(seen.amr, ["pwd"]);
  const before = await claims({ access_token: token }, one);
  assert.ok(seen.exp <= before.exp);
});

test("the delegation grant comes to the same, and says what it is", async () => {
  const { token, sub } = await personsToken();
  const client = await apiOne();
  const answer = await delegate(client, token, { scope: target });
  assert.equal(answer.issued_token_type, undefined);
  const seen = await claims(answer);
  assert.deepEqual([seen.sub, seen.client_id, seen.aud, seen.scope], [sub, client.id, two.identifier, target]);
  assert.deepEqual(seen.amr, ["delegation"]);
});

test("a machine's token is exchanged as well", async () => {
  const caller = await confidentialClient({ scopes: [read] });
  const { access_token: token } = await oidc.clientCredentialsGrant(caller.config, { scope: read });
  const client = await apiOne();
  const seen = await claims(await exchange(client, token, { scope: target }));
  assert.deepEqual([seen.sub, seen.act.sub], [caller.id, client.id]);
});

test("one token for two APIs, each of them named", async () => {
  const { token } = await personsToken();
  const client = await apiOne({
    scopes: [read, ...sibling.scopes],
    exchange: { audiences: [one.identifier, sibling.identifier], additional_scopes: sibling.scopes },
  });
  const audience = [one.identifier, sibling.identifier];
  const parameters = new URLSearchParams({ subject_token: token, subject_token_type: ACCESS_TOKEN });
  for (const identifier of audience) parameters.append("resource", identifier);
  const answer = await oidc.genericGrantRequest(client.config, EXCHANGE, parameters);
  const seen = await claims(answer, one);
  assert.deepEqual([seen.aud, seen.scope], [audience, `${read} ${sibling.scopes[0]}`]);
});

test("each service that passes work on is another link of the chain", async () => {
  const { token } = await personsToken();
  const first = await apiOne();
  const second = await apiOne({ serves: [two.identifier], exchange: { audiences: [two.identifier] } });
  const { access_token: next } = await exchange(first, token, { resource: two.identifier });
  const seen = await claims(await exchange(second, next, { scope: target }));
  assert.deepEqual(seen.act, {
    sub: second.id,
    client_id: second.id,
    act: { sub: first.id, client_id: first.id },
  });
});

test("an actor's token says who acts", async () => {
  const { token, sub } = await personsToken();
  const assistant = await confidentialClient({ scopes: [read] });
  const { access_token: actor } = await oidc.clientCredentialsGrant(assistant.config, { scope: read });
  const client = await apiOne();
  const more = { resource: two.identifier, actor_token: actor, actor_token_type: ACCESS_TOKEN };
  const seen = await claims(await exchange(client, token, more));
  assert.deepEqual([seen.sub, seen.act.sub, seen.client_id], [sub, assistant.id, client.id]);
});

test("a guest has a name of its own", async () => {
  const { id } = await register({ grant_types: [GUEST], scopes: [read], token_endpoint_auth_method: "none" });
  const shop = await discover(id, oidc.None());
  const guests = await Promise.all([1, 2].map(() => oidc.genericGrantRequest(shop, GUEST, { scope: read })));
  const [{ sub: ada }, { sub: grace }] = await Promise.all(guests.map((guest) => claims(guest, one)));
  assert.match(ada, /^gst_/);
  assert.notEqual(ada, grace);
});

describe("refusals", () => {
  const cases = {
    "the token is nonsense": [400, "invalid_request", async (client) => exchange(client, "nonsense")],
    "the token is for somebody else": [400, "invalid_request", async () => {
      const stranger = await apiOne({ serves: [two.identifier] });
      return exchange(stranger, (await personsToken()).token, { resource: two.identifier });
    }],
    "the target isn't in the registration": [400, "invalid_target", async (client) => {
      return exchange(client, (await personsToken()).token, { resource: resources.RS256.identifier });
    }],
    "the scope is beyond the subject's": [400, "invalid_scope", async (client) => {
      return exchange(client, (await personsToken()).token, { scope: one.scopes[1] });
    }],
    "an ID token is no access token": [400, "invalid_request", async (client) => {
      const { tokens } = await personsToken();
      return exchange(client, tokens.id_token, { subject_token_type: "urn:ietf:params:oauth:token-type:id_token" });
    }],
    "the client isn't allowed to": [400, "unauthorized_client", async () => {
      return exchange(await confidentialClient(), (await personsToken()).token);
    }],
    "delegation: the token is nonsense": [400, "invalid_grant", async (client) => delegate(client, "nonsense")],
    "delegation: the token is for somebody else": [400, "invalid_grant", async () => {
      const stranger = await apiOne({ serves: [two.identifier] });
      return delegate(stranger, (await personsToken()).token, { scope: target });
    }],
  };
  for (const [name, [status, error, ask]] of Object.entries(cases)) {
    test(name, async () => {
      const refused = await rejection(ask(await apiOne()));
      assert.ok(refused instanceof oidc.ResponseBodyError, String(refused));
      assert.deepEqual([refused.status, refused.error], [status, error]);
      assert.ok(refused.error_description);
    });
  }
});

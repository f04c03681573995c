// A program acts for a person, as docs/guides/agents.md has it: who may, under which names, for how long, and who can
// stop it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as oidc from "openid-client";

import { useSignUp } from "./login.mjs";
import { admin, confidentialClient, eventually, rejection, useResources } from "./setup.mjs";
import { EXCHANGE, apiOne, claims, exchange, one, personsToken, target, two } from "./swap.mjs";

useResources(before, after);
useSignUp(before);

const REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token";
const settings = { audiences: [two.identifier], additional_scopes: [target] };
const calendar = { resource: two.identifier };

/** The assistant: a minute for each task, and only for those who name it. */
const assistant = (members = {}) => apiOne({
  grant_types: [EXCHANGE],
  scopes: [target],
  access_token_ttl: 60,
  exchange: { ...settings, require_may_act: true },
  ...members,
});

async function refusal(agent, token) {
  return (await rejection(exchange(agent, token, calendar))).error;
}

test("only the agent that the application names may act", async () => {
  const agent = await assistant();
  const { token, sub } = await personsToken({ may_act: agent.id });
  const seen = await claims(await exchange(agent, token, calendar));
  assert.deepEqual([seen.sub, seen.scope], [sub, target]);
  assert.deepEqual([seen.act, seen.may_act], [{ sub: agent.id, client_id: agent.id }, undefined]);
  assert.ok(seen.exp - seen.iat <= 60);
  assert.equal(await refusal(await assistant(), token), "invalid_request");
  assert.equal(await refusal(await apiOne(), token), "invalid_request");
});

test("an agent that wants to be named takes no other tokens", async () => {
  const { token } = await personsToken();
  assert.equal(await refusal(await assistant(), token), "invalid_request");
});

test("the person's token opens nothing but the agent", async () => {
  const { token } = await personsToken();
  const calendarApi = { ...one, identifier: two.identifier };
  await assert.rejects(claims({ access_token: token }, calendarApi), { claim: "aud" });
});

test("a helper of the agent is the outermost actor", async () => {
  const { identifier, scopes } = two;
  const agent = await assistant();
  const helper = await apiOne({ serves: [identifier], scopes, exchange: { audiences: [identifier] } });
  const { token } = await personsToken({ may_act: agent.id });
  const { access_token: forHelper } = await exchange(agent, token, calendar);
  const { act } = await claims(await exchange(helper, forHelper, calendar));
  assert.deepEqual([act.client_id, act.act.client_id, act.act.act], [helper.id, agent.id, undefined]);
});

describe("longer work", () => {
  const nightShift = () => apiOne({
    grant_types: [EXCHANGE, "refresh_token"],
    scopes: [target],
    exchange: { ...settings, token_types: ["refresh_token"] },
  });

  test("goes on with a refresh token of the agent's own, which names it every time", async () => {
    const agent = await nightShift();
    const { token, sub } = await personsToken();
    const { access_token: first } = await exchange(agent, token, { ...calendar, requested_token_type: REFRESH_TOKEN });
    const once = await oidc.refreshTokenGrant(agent.config, first);
    assert.notEqual(once.refresh_token, first);
    const twice = await oidc.refreshTokenGrant(agent.config, once.refresh_token);
    for (const tokens of [once, twice]) {
      const seen = await claims(tokens);
      assert.deepEqual([seen.sub, seen.act, seen.scope], [sub, { sub: agent.id, client_id: agent.id }, target]);
    }
  });

  test("needs permission", async () => {
    const { token } = await personsToken();
    const asked = exchange(await apiOne(), token, { ...calendar, requested_token_type: REFRESH_TOKEN });
    assert.equal((await rejection(asked)).error, "invalid_request");
  });

  const ways = {
    // As *Remove access* at /account does, which examples/three-legged presses.
    "the application's access is removed": ({ app, sub }) => admin("DELETE", `users/${sub}/clients/${app.id}`),
    "an administrator ends the grant": async ({ app, sub }) => {
      const { grants } = await (await admin("GET", `users/${sub}/sessions`)).json();
      const { grant_id: id } = grants.find((grant) => grant.client_id === app.id);
      await admin("DELETE", `users/${sub}/grants/${id}`);
    },
    "an administrator signs them out": ({ sub }) => admin("DELETE", `users/${sub}/sessions`),
    "an administrator disables them": ({ sub }) => admin("POST", `users/${sub}/disable`, {}),
    "the application revokes its refresh token": ({ app, tokens }) => {
      return oidc.tokenRevocation(app.config, tokens.refresh_token);
    },
  };
  for (const [name, stop] of Object.entries(ways)) {
    test(`ends at once when ${name}`, async () => {
      const agent = await nightShift();
      const calendarApi = await confidentialClient({ grant_types: [], scopes: [], serves: [two.identifier] });
      const chat = await personsToken();
      const { access_token: refresh } = await exchange(agent, chat.token, {
        ...calendar, requested_token_type: REFRESH_TOKEN,
      });
      const { access_token: swapped } = await exchange(agent, chat.token, calendar);
      assert.equal((await oidc.tokenIntrospection(calendarApi.config, swapped)).act.sub, agent.id);
      await stop(chat);
      assert.equal(await refusal(agent, chat.token), "invalid_request");
      assert.equal((await rejection(oidc.refreshTokenGrant(agent.config, refresh))).error, "invalid_grant");
      assert.deepEqual(await oidc.tokenIntrospection(calendarApi.config, swapped), { active: false });
    });
  }
});

test("an agent that is switched off gets nothing for anybody", async () => {
  const agent = await assistant();
  const { token } = await personsToken({ may_act: agent.id });
  await exchange(agent, token, calendar);
  await admin("POST", `clients/${agent.id}/disable`, {});
  await eventually(async () => assert.equal((await rejection(exchange(agent, token, calendar))).status, 401));
});

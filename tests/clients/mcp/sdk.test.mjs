// The MCP project's SDK for TypeScript, second generation, with its own `auth()`. The first generation tries itself in examples/mcp-server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, StreamableHTTPClientTransport, UnauthorizedError, auth, refreshAuthorization } from "@modelcontextprotocol/client";

import { Provider } from "./provider.mjs";
import { ISSUER, RESOURCE, answered } from "./person.mjs";

/** Signs in with `auth()`. Returns the tokens. */
async function signIn(provider, scope) {
  assert.equal(await auth(provider, { serverUrl: RESOURCE, scope }), "REDIRECT");
  const { code: authorizationCode, iss } = provider.answer;
  assert.equal(await auth(provider, { serverUrl: RESOURCE, scope, authorizationCode, iss }), "AUTHORIZED");
  return provider.kept;
}

const registered = () => new Provider(answered, { client: { client_id: "notes-tools" } });

const status = async (token) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json, text/event-stream" };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  return (await fetch(RESOURCE, { method: "POST", headers, body })).status;
};

test("a registered client signs in and gets tokens for the server alone", async () => {
  const provider = registered();
  const tokens = await signIn(provider);
  assert.equal(provider.requests[0].searchParams.get("resource"), RESOURCE);
  assert.equal(provider.answer.iss, ISSUER);
  // The SDK adds it because the metadata lists it.
  assert.equal(tokens.scope, "notes:read notes:write offline_access");
  assert.equal(typeof tokens.expires_in, "number");
  const [, payload] = tokens.access_token.split(".");
  assert.equal(JSON.parse(Buffer.from(payload, "base64url")).aud, RESOURCE);
  assert.equal(await status(tokens.access_token), 200);
});

test("a transport signs in by itself when it is refused", async () => {
  const provider = registered();
  const transport = () => new StreamableHTTPClientTransport(new URL(RESOURCE), { authProvider: provider });
  const first = transport();
  await assert.rejects(new Client({ name: "test", version: "1" }).connect(first), UnauthorizedError);
  await first.finishAuth(new URLSearchParams(provider.answer));
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport());
  const { tools } = await client.listTools();
  assert.equal(tools.length, 3);
  const { content } = await client.callTool({ name: "who_am_i", arguments: {} });
  assert.equal(JSON.parse(content[0].text).scope, "notes:read offline_access", "what the challenge named");
  await client.close();
});

test("several processes that refresh one token at once all stay signed in", async () => {
  const provider = registered();
  const { refresh_token: refreshToken } = await signIn(provider);
  const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json();
  const refresh = (token) => refreshAuthorization(ISSUER, { metadata, clientInformation: provider.client, refreshToken: token, resource: new URL(RESOURCE) });
  const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(refreshToken)));
  const successors = new Set(answers.map((tokens) => tokens.refresh_token));
  assert.equal(successors.size, 1, "a retry gets the successor that there is");
  assert.ok(!successors.has(refreshToken), "refresh tokens of public clients are rotated");
  for (const { access_token: token } of answers) assert.equal(await status(token), 200);
  assert.ok((await refresh([...successors][0])).access_token);
});

test("a client that isn't known any more is told so", async () => {
  const provider = new Provider(answered, { client: { client_id: "gone-by-now" } });
  provider.kept = { access_token: "x", token_type: "Bearer", refresh_token: "y" };
  const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json();
  const refreshed = refreshAuthorization(ISSUER, { metadata, clientInformation: provider.client, refreshToken: "y", resource: new URL(RESOURCE) });
  await assert.rejects(refreshed, (error) => /invalid_client/.test(`${error.code ?? error.errorCode ?? ""} ${error.name}`) || /InvalidClient/.test(error.name));
});

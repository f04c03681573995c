// Goes through the example as an MCP client does: signs in for reading, steps up for writing, and is refused what it may not do.
import assert from "node:assert/strict";

import { Browser } from "../../tests/clients/node/browser.mjs";
import { Provider, connect } from "./client.mjs";

const { ISSUER, RESOURCE, LOGIN, PASSWORD } = process.env;

/** Somebody with a browser: signs in where that is asked, and permits what the page shows. */
const browser = new Browser();
async function authorize(url) {
  let page = await browser.open(url);
  if (page.body.includes("name=\"password\"")) page = await browser.submit(page, { username: LOGIN, password: PASSWORD, action: "login" });
  if (page.status !== undefined) page = await browser.submit(page, { action: "allow" });
  return page.url;
}

const provider = new Provider(authorize, { client: { client_id: "notes-tools" }, redirectUri: "http://localhost:49152/callback" });
const mcp = await connect(RESOURCE, provider);
assert.deepEqual((await mcp.tools()).tools.map(({ name }) => name), ["who_am_i", "list_notes", "add_note"]);
const { sub, client_id: client, scope } = JSON.parse(await mcp.call("who_am_i"));
assert.match(sub, /^usr_/);
assert.deepEqual([client, scope], ["notes-tools", "notes:read"], "as the first challenge said");
assert.equal(await mcp.call("list_notes"), "[]");
assert.equal(provider.requests.length, 1);
assert.equal(provider.requests[0].searchParams.get("resource"), RESOURCE);

assert.equal(await mcp.call("add_note", { text: "Buy milk" }), "Added.");
assert.equal(provider.requests.length, 2, "one step up");
assert.equal(provider.requests[1].searchParams.get("scope"), "notes:read notes:write");
assert.equal(await mcp.call("list_notes"), "[\"Buy milk\"]");

const [, payload] = provider.kept.access_token.split(".");
assert.equal(JSON.parse(Buffer.from(payload, "base64url")).aud, RESOURCE);
const refused = async (authorization) => {
  const response = await fetch(RESOURCE, { method: "POST", headers: { ...authorization && { authorization }, "content-type": "application/json" }, body: "{}" });
  return [response.status, response.headers.get("www-authenticate")];
};
assert.deepEqual((await refused())[0], 401);
assert.match((await refused())[1], /^Bearer resource_metadata="[^"]+\/\.well-known\/oauth-protected-resource\/mcp", scope="notes:read"$/);
assert.match((await refused(`Bearer ${provider.kept.access_token}x`))[1], /error="invalid_token"/);

// A token for somebody else's server, of the same issuer and for the same person, opens nothing here.
const { access_token: other } = await anotherToken();
assert.match((await refused(`Bearer ${other}`))[1], /error="invalid_token"/);
await mcp.close();
console.log("\nThe MCP client signed in, stepped up, and was refused what it may not do.");

/** A token without `resource` and without scopes of the resource: it is for Mintedge itself. */
async function anotherToken() {
  const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const parameters = {
    response_type: "code", client_id: "notes-tools", redirect_uri: "http://localhost:49152/callback", scope: "openid",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256",
  };
  const answer = await authorize(`${ISSUER}/authorize?${new URLSearchParams(parameters)}`);
  const form = { grant_type: "authorization_code", code: answer.searchParams.get("code"), redirect_uri: parameters.redirect_uri, client_id: "notes-tools", code_verifier: verifier };
  const response = await fetch(`${ISSUER}/token`, { method: "POST", body: new URLSearchParams(form) });
  const tokens = await response.json();
  assert.ok(tokens.access_token, JSON.stringify(tokens));
  return tokens;
}

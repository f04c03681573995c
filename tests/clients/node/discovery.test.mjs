// openid-client finds everything it needs in either metadata document.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as oidc from "openid-client";

import { allScopes, discover, eventually, issuer, register, useResources } from "./setup.mjs";

useResources(before, after);

for (const [algorithm, document] of [["oauth2", "RFC 8414"], ["oidc", "OpenID Connect"]]) {
  test(`openid-client discovers the server with the ${document} document`, async () => {
    const config = await discover("anyone", oidc.None(), algorithm);
    const metadata = config.serverMetadata();
    assert.equal(metadata.issuer, issuer);
    assert.equal(metadata.token_endpoint, `${issuer}/token`);
    assert.equal(metadata.jwks_uri, `${issuer}/jwks`);
    assert.ok(metadata.grant_types_supported.includes("client_credentials"));
    for (const method of ["client_secret_basic", "client_secret_post"]) {
      assert.ok(metadata.token_endpoint_auth_methods_supported.includes(method), method);
    }
  });

  test(`a client that discovered with the ${document} document gets a token`, async () => {
    const client = await register();
    const config = await discover(client.id, oidc.ClientSecretBasic(client.secret), algorithm);
    const tokens = await oidc.clientCredentialsGrant(config, { scope: allScopes[0] });
    assert.equal(tokens.token_type, "bearer");
  });
}

test("declared scopes appear in the metadata", async () => {
  await eventually(async () => {
    const metadata = (await discover("anyone", oidc.None())).serverMetadata();
    for (const scope of allScopes) assert.ok(metadata.scopes_supported.includes(scope), scope);
  });
});

test("metadata of another issuer is not accepted", async () => {
  const options = { algorithm: "oauth2", execute: [oidc.allowInsecureRequests] };
  const other = new URL(issuer);
  other.hostname = other.hostname === "localhost" ? "127.0.0.1" : "localhost";
  const refused = oidc.discovery(other, "anyone", undefined, oidc.None(), options);
  await assert.rejects(refused, { code: "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED" });
});

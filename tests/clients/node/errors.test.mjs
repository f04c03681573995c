// What openid-client makes of refusals.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as oidc from "openid-client";

import {
  admin, confidentialClient, discover, issuer, register, rejection, resources, useResources,
} from "./setup.mjs";

useResources(before, after);

const ask = (config, parameters) => oidc.clientCredentialsGrant(config, parameters);

test("a scope beyond the client's is invalid_scope", async () => {
  const [own, other] = resources.EdDSA.scopes;
  const { config } = await confidentialClient({ scopes: [own] });
  const error = await rejection(ask(config, { scope: other }));
  assert.ok(error instanceof oidc.ResponseBodyError);
  assert.deepEqual([error.error, error.status], ["invalid_scope", 400]);
  assert.match(error.error_description, /scope/);
});

test("an unknown resource is invalid_target", async () => {
  const { config } = await confidentialClient();
  const error = await rejection(ask(config, { resource: "https://unknown.example" }));
  assert.ok(error instanceof oidc.ResponseBodyError);
  assert.deepEqual([error.error, error.status], ["invalid_target", 400]);
});

test("a grant that the client may not use is unauthorized_client", async () => {
  const { config } = await confidentialClient({ grant_types: [] });
  const error = await rejection(ask(config));
  assert.deepEqual([error.error, error.status], ["unauthorized_client", 400]);
});

test("a grant that isn't there is unsupported_grant_type", async () => {
  const { config } = await confidentialClient();
  const error = await rejection(oidc.genericGrantRequest(config, "urn:example:nothing", {}));
  assert.deepEqual([error.error, error.status], ["unsupported_grant_type", 400]);
});

// A 401 has to come with a challenge (RFC 9110 §11.6.1). openid-client then reports the challenge instead of the body,
// which it leaves to be read.
const wrong = {
  "a wrong secret in the header": async () => {
    const { id } = await register();
    return discover(id, oidc.ClientSecretBasic("wrong"));
  },
  "a wrong secret in the body": async () => {
    const { id } = await register({ token_endpoint_auth_method: "client_secret_post" });
    return discover(id, oidc.ClientSecretPost("wrong"));
  },
  "an unknown client": () => discover("nobody", oidc.ClientSecretBasic("wrong")),
  "the method it isn't registered for": async () => {
    const { id, secret } = await register({ token_endpoint_auth_method: "client_secret_basic" });
    return discover(id, oidc.ClientSecretPost(secret));
  },
};
for (const [what, configured] of Object.entries(wrong)) {
  test(`${what} is a Basic challenge with invalid_client`, async () => {
    const error = await rejection(ask(await configured()));
    assert.ok(error instanceof oidc.WWWAuthenticateChallengeError);
    assert.equal(error.status, 401);
    const [challenge] = error.cause;
    assert.deepEqual([challenge.scheme, challenge.parameters.realm], ["basic", issuer]);
    assert.equal((await error.response.json()).error, "invalid_client");
  });
}

test("the admin API takes a token that openid-client got, and challenges one without the scope", async () => {
  const client = await confidentialClient({ scopes: ["mintedge:read"] });
  const { access_token: token } = await ask(client.config);
  const url = (path) => new URL(`${issuer}/admin/v1/${path}`);
  const shown = await oidc.fetchProtectedResource(client.config, token, url(`clients/${client.id}`), "GET");
  assert.equal((await shown.json()).client_id, client.id);
  const error = await rejection(
    oidc.fetchProtectedResource(client.config, token, url(`clients/${client.id}`), "DELETE"),
  );
  assert.ok(error instanceof oidc.WWWAuthenticateChallengeError);
  assert.equal(error.status, 403);
  const [challenge] = error.cause;
  assert.deepEqual([challenge.scheme, challenge.parameters.error], ["bearer", "insufficient_scope"]);
  await admin("GET", `clients/${client.id}`);
});

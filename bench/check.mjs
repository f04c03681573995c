// Holds the servers against each other before they are measured: to one request, each has to answer with a valid token
// that has the same claims. Arguments: the servers' URLs.
import assert from "node:assert/strict";
import { createLocalJWKSet, jwtVerify } from "jose";

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;
const REQUESTS = [
  { alg: "EdDSA", scope: "ed25519:read", resource: "https://ed25519.example" },
  { alg: "ES256", scope: "es256:read", resource: "https://es256.example" },
  { alg: "RS256", scope: "rs256:read", resource: "https://rs256.example" },
];

for (const url of process.argv.slice(2)) {
  for (const { alg, scope, resource } of REQUESTS) {
    const response = await fetch(`${url}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope, resource }),
    });
    const { access_token, ...rest } = await response.json();
    assert.deepEqual(rest, { token_type: "Bearer", expires_in: 300, scope }, url);
    const keys = createLocalJWKSet(await (await fetch(`${url}/jwks`)).json());
    const options = { issuer: ISSUER, audience: resource, algorithms: [alg], subject: CLIENT_ID, typ: "at+jwt" };
    const { payload } = await jwtVerify(access_token, keys, options);
    const names = ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"];
    assert.deepEqual(Object.keys(payload).sort(), names, url);
    assert.equal(payload.client_id, CLIENT_ID);
    assert.equal(payload.scope, scope);
    assert.equal(payload.exp - payload.iat, 300);
  }
}

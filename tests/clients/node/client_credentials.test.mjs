// openid-client gets tokens, jose verifies them against /jwks: each authentication method, each algorithm.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import * as oidc from "openid-client";

import {
  ALGORITHMS, confidentialClient, discover, issuer, register, remoteKeySet, resources, sibling, useResources,
} from "./setup.mjs";

useResources(before, after);

const METHODS = {
  client_secret_basic: oidc.ClientSecretBasic,
  client_secret_post: oidc.ClientSecretPost,
};

async function clientThatUses(method) {
  const client = await register({ token_endpoint_auth_method: method });
  return { ...client, config: await discover(client.id, METHODS[method](client.secret)) };
}

/** Verifies like a resource server that follows RFC 9068 §4. */
async function verify(token, alg) {
  const keySet = await remoteKeySet();
  return jwtVerify(token, keySet, {
    issuer,
    audience: resources[alg].identifier,
    typ: "at+jwt",
    algorithms: [alg],
    requiredClaims: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
  });
}

for (const method of Object.keys(METHODS)) {
  for (const alg of ALGORITHMS) {
    test(`${method}: a token for a ${alg} resource named by resource verifies`, async () => {
      const client = await clientThatUses(method);
      const resource = resources[alg];
      const tokens = await oidc.clientCredentialsGrant(client.config, { resource: resource.identifier });
      assert.equal(tokens.scope, resource.scopes.join(" "));
      assert.equal(tokens.refresh_token, undefined);
      assert.equal(tokens.id_token, undefined);
      const { payload } = await verify(tokens.access_token, alg);
      assert.deepEqual([payload.sub, payload.client_id], [client.id, client.id]);
      assert.equal(payload.exp - payload.iat, tokens.expires_in);
    });

    test(`${method}: a token for a ${alg} resource named by scope verifies`, async () => {
      const client = await clientThatUses(method);
      const [scope] = resources[alg].scopes;
      const tokens = await oidc.clientCredentialsGrant(client.config, { scope });
      assert.equal(tokens.scope, scope);
      const { payload } = await verify(tokens.access_token, alg);
      assert.equal(payload.scope, scope);
    });
  }
}

test("a token for two resources verifies at both", async () => {
  const client = await confidentialClient({ scopes: [...resources.EdDSA.scopes, ...sibling.scopes] });
  const audience = [resources.EdDSA.identifier, sibling.identifier];
  const parameters = new URLSearchParams(audience.map((identifier) => ["resource", identifier]));
  const { access_token: token } = await oidc.clientCredentialsGrant(client.config, parameters);
  const { payload } = await verify(token, "EdDSA");
  assert.deepEqual(payload.aud, audience);
  await jwtVerify(token, await remoteKeySet(), { issuer, audience: sibling.identifier, typ: "at+jwt" });
});

describe("a token that was tampered with is refused", () => {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const decode = (part) => JSON.parse(Buffer.from(part, "base64url"));
  const flip = (part) => {
    const bytes = Buffer.from(part, "base64url");
    bytes[bytes.length >> 1] ^= 1;
    return bytes.toString("base64url");
  };
  const forgeries = {
    "a claim": ([head, body, mac]) => [head, encode({ ...decode(body), sub: "someone-else" }), mac],
    "one bit of the signature": ([head, body, mac]) => [head, body, flip(mac)],
    "no signature": ([head, body]) => [head, body, ""],
    "alg none": ([head, body]) => [encode({ ...decode(head), alg: "none" }), body, ""],
    "alg HS256": ([head, body, mac]) => [encode({ ...decode(head), alg: "HS256" }), body, mac],
    "another kid": ([head, body, mac]) => [encode({ ...decode(head), kid: "unknown" }), body, mac],
    "typ JWT": ([head, body, mac]) => [encode({ ...decode(head), typ: "JWT" }), body, mac],
  };
  for (const alg of ALGORITHMS) {
    test(alg, async () => {
      const client = await confidentialClient();
      const resource = resources[alg].identifier;
      const { access_token: token } = await oidc.clientCredentialsGrant(client.config, { resource });
      await verify(token, alg);
      for (const [what, forge] of Object.entries(forgeries)) {
        await assert.rejects(verify(forge(token.split(".")).join("."), alg), errors.JOSEError, what);
      }
    });
  }
});

test("a token is refused by another resource and under another issuer's name", async () => {
  const client = await confidentialClient();
  const { access_token: token } = await oidc.clientCredentialsGrant(client.config, {
    resource: resources.ES256.identifier,
  });
  const keySet = await remoteKeySet();
  const audience = resources.ES256.identifier;
  const wrongAudience = jwtVerify(token, keySet, { issuer, audience: resources.EdDSA.identifier });
  await assert.rejects(wrongAudience, { code: "ERR_JWT_CLAIM_VALIDATION_FAILED", claim: "aud" });
  const wrongIssuer = jwtVerify(token, keySet, { issuer: "https://other.example", audience });
  await assert.rejects(wrongIssuer, { code: "ERR_JWT_CLAIM_VALIDATION_FAILED", claim: "iss" });
});

test("an RSA key signs with its own algorithm only", async () => {
  const client = await confidentialClient();
  const tokenFor = async (alg) => {
    const { identifier } = resources[alg];
    return (await oidc.clientCredentialsGrant(client.config, { resource: identifier })).access_token;
  };
  const [rs256, ps256] = await Promise.all(["RS256", "PS256"].map(tokenFor));
  assert.notEqual(decodeProtectedHeader(rs256).kid, decodeProtectedHeader(ps256).kid);
  const claimToBe = (token, alg) => {
    const [head, ...rest] = token.split(".");
    const header = { ...JSON.parse(Buffer.from(head, "base64url")), alg };
    return [Buffer.from(JSON.stringify(header)).toString("base64url"), ...rest].join(".");
  };
  await assert.rejects(verify(claimToBe(rs256, "PS256"), "PS256"), { code: "ERR_JWKS_NO_MATCHING_KEY" });
});

// Key rotation as a resource server with jose's remote key set sees it. Rotates the keys of the whole server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { calculateJwkThumbprint, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import * as oidc from "openid-client";

import { admin, confidentialClient, eventually, issuer, remoteKeySet, resources, useResources } from "./setup.mjs";

useResources(before, after);

const resource = resources.ES256.identifier;
const expected = { issuer, audience: resource, typ: "at+jwt", algorithms: ["ES256"] };

async function token(config) {
  return (await oidc.clientCredentialsGrant(config, { resource })).access_token;
}

async function tokenOfAnotherKey(config, kid) {
  const fresh = await token(config);
  assert.notEqual(decodeProtectedHeader(fresh).kid, kid, "the edge still signs with the old key");
  return fresh;
}

test("after an immediate rotation the remote key set finds the new key and still knows the old one", async () => {
  const { config } = await confidentialClient();
  const keySet = await remoteKeySet();
  const old = await token(config);
  await jwtVerify(old, keySet, expected);
  const { kid } = decodeProtectedHeader(old);

  await admin("POST", "keys/rotate", { alg: "ES256", immediately: true });
  const fresh = await eventually(() => tokenOfAnotherKey(config, kid));
  await jwtVerify(fresh, keySet, expected);
  await jwtVerify(old, keySet, expected);
});

test("a planned rotation publishes the next key without signing with it", async () => {
  const { config } = await confidentialClient();
  await admin("POST", "keys/rotate", { alg: "ES256" });
  const { keys } = await (await admin("GET", "keys")).json();
  const next = keys.find(({ alg, state }) => alg === "ES256" && state === "next");
  await eventually(async () => {
    const keySet = await remoteKeySet();
    await keySet.reload();
    assert.ok(keySet.jwks().keys.some(({ kid }) => kid === next.kid), "not published yet");
  });
  assert.notEqual(decodeProtectedHeader(await token(config)).kid, next.kid);
});

test("an emergency retirement: the remote key set refuses the old key once it has looked again", async () => {
  const { config } = await confidentialClient();
  const old = await token(config);
  const { kid } = decodeProtectedHeader(old);
  await admin("POST", `keys/${kid}/retire`);
  const fresh = await eventually(() => tokenOfAnotherKey(config, kid));
  await eventually(async () => {
    const keySet = await remoteKeySet();
    await jwtVerify(fresh, keySet, expected);
    await assert.rejects(jwtVerify(old, keySet, expected), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  });
});

test("every kid is the key's thumbprint and no key has private members", async () => {
  const keySet = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  await keySet.reload();
  const { keys } = keySet.jwks();
  assert.ok(keys.length > 0);
  for (const key of keys) {
    assert.equal(key.kid, await calculateJwkThumbprint(key));
    assert.deepEqual(["d", "p", "q", "dp", "dq", "qi", "oth", "k"].filter((name) => name in key), []);
  }
});

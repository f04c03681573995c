// What tests of swapping tokens start with: a person's token for API One, and API One, which needs API Two.
import { jwtVerify } from "jose";
import * as oidc from "openid-client";

import { application, signedUp } from "./login.mjs";
import { confidentialClient, issuer, remoteKeySet, resources } from "./setup.mjs";

export const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
export const { EdDSA: one, ES256: two } = resources;
export const [read, target] = [one.scopes[0], two.scopes[0]];

/** API One: tokens for it are for `one`, and it swaps them for tokens for `two`. */
export function apiOne(members = {}) {
  return confidentialClient({
    grant_types: [EXCHANGE, "delegation", "client_credentials"],
    scopes: [read, target],
    serves: [one.identifier],
    exchange: { audiences: [one.identifier, two.identifier], additional_scopes: [target] },
    ...members,
  });
}

/** Somebody's token for API One, from an application that logs people in; `more` overrides its declaration. */
export async function personsToken(more = {}) {
  const app = await application({ scopes: ["openid", ...one.scopes], ...more });
  const { person, tokens } = await signedUp(app, { scope: `openid ${read}`, resource: one.identifier });
  return { app, person, tokens, token: tokens.access_token, sub: tokens.claims().sub };
}

export function exchange(client, token, more = {}) {
  const usual = { subject_token: token, subject_token_type: ACCESS_TOKEN };
  return oidc.genericGrantRequest(client.config, EXCHANGE, { ...usual, ...more });
}

export function delegate(client, token, more = {}) {
  return oidc.genericGrantRequest(client.config, "delegation", { token, ...more });
}

/** The claims, verified as the API verifies them that the token is for (RFC 9068 §4). */
export async function claims({ access_token: token }, { identifier, signing_alg: alg } = two) {
  const expected = { issuer, audience: identifier, typ: "at+jwt", algorithms: [alg] };
  return (await jwtVerify(token, await remoteKeySet(), expected)).payload;
}

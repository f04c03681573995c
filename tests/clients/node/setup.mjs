// What every test file starts with: the server under test, its admin API, resources and clients of this run's own.
//
// `cargo xtask test --only clients` starts the server and sets the two variables. Several files share one server, so
// every name carries the run's own suffix, and changes of the configuration are merged into what is there.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { createRemoteJWKSet } from "jose";
import * as oidc from "openid-client";

export const issuer = variable("MINTEDGE_TEST_URL");
const adminSecret = variable("MINTEDGE_TEST_ADMIN_SECRET");

export const ALGORITHMS = ["EdDSA", "ES256", "RS256", "PS256"];
const run = randomBytes(6).toString("hex");

/** A resource for each algorithm; `use` declares them. */
export const resources = Object.fromEntries(ALGORITHMS.map((alg) => {
  const name = `${alg.toLowerCase()}-${run}`;
  return [alg, {
    identifier: `https://${name}.example`,
    scopes: [`${name}:read`, `${name}:write`],
    signing_alg: alg,
  }];
}));
export const allScopes = Object.values(resources).flatMap((resource) => resource.scopes);
/** One more, whose tokens are signed like those of `resources.EdDSA`. */
export const sibling = {
  identifier: `https://sibling-${run}.example`,
  scopes: [`sibling-${run}:read`],
  signing_alg: "EdDSA",
};

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; \`cargo xtask test --only clients\` sets it`);
  return value;
}

/** Declares the resources before the tests of a file and removes them afterwards. */
export function useResources(before, after) {
  const own = [...Object.values(resources), sibling];
  const foreign = (resource) => own.every(({ identifier }) => identifier !== resource.identifier);
  before(() => changeConfig((config) => ({ ...config, resource: [...config.resource ?? [], ...own] })));
  after(() => changeConfig((config) => ({ ...config, resource: config.resource.filter(foreign) })));
}

/** Another file may apply in between: then the version is another one, and the change is made to what it left. */
export async function changeConfig(change) {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { version, config } = await (await admin("GET", "config")).json();
    const applied = await admin("PUT", "config", change(config), { "if-match": `"${version}"` }, [200, 412]);
    if (applied.status === 200) return;
  }
  throw new Error("other writers were faster twenty times");
}

let adminToken;

/** Calls the admin API; throws unless the status is one of `expected`. */
export async function admin(method, path, body, headers = {}, expected = [200, 201, 204]) {
  adminToken ??= fetchAdminToken();
  const response = await fetch(`${issuer}/admin/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await adminToken}`,
      "content-type": "application/json",
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!expected.includes(response.status)) {
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
  return response;
}

async function fetchAdminToken() {
  const config = await discover("mintedge-admin", oidc.ClientSecretBasic(adminSecret));
  return (await oidc.clientCredentialsGrant(config)).access_token;
}

let registered = 0;

/** Registers a client through the admin API; `members` override the defaults. */
export async function register(members = {}) {
  registered += 1;
  const body = {
    client_id: `client-${run}-${registered}`,
    grant_types: ["client_credentials"],
    scopes: allScopes,
    ...members,
  };
  const { client, secret } = await (await admin("POST", "clients", body)).json();
  return { id: client.client_id, secret: secret?.client_secret };
}

/** Discovers the server as openid-client does, with the OAuth document (RFC 8414) unless told otherwise. */
export function discover(clientId, authentication, algorithm = "oauth2", metadata = undefined) {
  const options = { algorithm, execute: [oidc.allowInsecureRequests], timeout: 120 };
  return oidc.discovery(new URL(issuer), clientId, metadata, authentication, options);
}

/** A client with a secret, ready to ask for tokens. */
export async function confidentialClient(members) {
  const client = await register(members);
  return { ...client, config: await discover(client.id, oidc.ClientSecretBasic(client.secret)) };
}

/** The key set as a resource server fetches it; looks again for every `kid` it doesn't know. */
export async function remoteKeySet() {
  const { jwks_uri: url } = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  return createRemoteJWKSet(new URL(url), { cooldownDuration: 0, timeoutDuration: 120_000 });
}

/** Tries until `check` doesn't throw: an edge may use what it knows for a moment longer (at most 10 s here). */
export async function eventually(check) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await check();
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(500);
    }
  }
}

/** What `promise` is rejected with. */
export async function rejection(promise) {
  const value = await promise.then(() => undefined, (error) => error);
  if (value === undefined) throw new Error("this should have been refused");
  return value;
}

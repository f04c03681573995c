// Secrets that came from elsewhere may hold any character: what openid-client sends has to arrive.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import * as oidc from "openid-client";

import { admin, discover, eventually, register, resources, useResources } from "./setup.mjs";

useResources(before, after);

const [scope] = resources.EdDSA.scopes;
const SECRETS = [
  "mes_lookalike-but-not-generated",
  "p@ss:word/with?reserved&characters=#;",
  "100% certain + a bit",
  "-_.!~*'()",
  "\"quotes\" and \\backslashes\\",
  "äöü ß € 日本語 🔑",
  "%41%zz+%2B",
  "x".repeat(300),
];

async function importSecret(clientId, secret) {
  const sha256 = createHash("sha256").update(secret).digest("base64url");
  // The generated secret ends, so that nothing but the imported one can work.
  await admin("POST", `clients/${clientId}/secrets`, { sha256, others_expire_in: 0 });
}

for (const secret of SECRETS) {
  for (const method of ["client_secret_basic", "client_secret_post"]) {
    const name = secret.length > 60 ? `${secret.length} characters` : JSON.stringify(secret);
    test(`${method} with the imported secret ${name}`, async () => {
      const { id } = await register({ token_endpoint_auth_method: method });
      await importSecret(id, secret);
      const authentication = method === "client_secret_post" ? oidc.ClientSecretPost : oidc.ClientSecretBasic;
      const config = await discover(id, authentication(secret));
      const tokens = await eventually(() => oidc.clientCredentialsGrant(config, { scope }));
      assert.equal(tokens.scope, scope);
    });
  }
}

test("client ids with reserved characters arrive, too", async () => {
  const id = `https://client.example/${Date.now()}?a=b&c=%41+d~*'()`;
  const { secret } = await register({ client_id: id });
  const config = await discover(id, oidc.ClientSecretBasic(secret));
  assert.equal((await oidc.clientCredentialsGrant(config, { scope })).scope, scope);
  await admin("DELETE", `clients/${encodeURIComponent(id)}`);
});

// node-oidc-provider with one client, its in-memory adapter, and JWT access tokens for three resources.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const { ISSUER, PORT, CLIENT_ID, CLIENT_SECRET } = process.env;
const RESOURCES = {
  "https://ed25519.example": { scope: "ed25519:read", alg: "EdDSA" },
  "https://es256.example": { scope: "es256:read", alg: "ES256" },
  "https://rs256.example": { scope: "rs256:read", alg: "RS256" },
};

const provider = new Provider(ISSUER, {
  clients: [{
    client_id: CLIENT_ID,
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
  }],
  cookies: { keys: ["unused"] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo },
  },
  jwks: {
    keys: [
      jwk("ed25519", {}, "EdDSA"),
      jwk("ec", { namedCurve: "P-256" }, "ES256"),
      jwk("rsa", { modulusLength: 2048 }, "RS256"),
    ],
  },
  ttl: { ClientCredentials: 300 },
});

function getResourceServerInfo(_ctx, resource) {
  const { scope, alg } = RESOURCES[resource];
  return { scope, audience: resource, accessTokenTTL: 300, accessTokenFormat: "jwt", jwt: { sign: { alg } } };
}

function jwk(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: "jwk" }), kid: alg.padEnd(22, "-"), alg, use: "sig" };
}

createServer(provider.callback()).listen(Number(PORT), "127.0.0.1");

// The least a token endpoint in JavaScript does: reads the client's Basic header and the form, signs the claims of an
// access token (RFC 9068) with WebCrypto, and answers as RFC 6749 §5.1 says. It knows no clients, checks no secret and
// keeps its keys in memory: whatever a real server adds comes on top.

const RESOURCES = {
  "https://ed25519.example": { alg: "EdDSA", key: { name: "Ed25519" } },
  "https://es256.example": {
    alg: "ES256",
    key: { name: "ECDSA", namedCurve: "P-256" },
    algorithm: { name: "ECDSA", hash: "SHA-256" },
  },
  "https://rs256.example": {
    alg: "RS256",
    key: {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
  },
};
const LIFETIME = 300;
const HEADERS = { "content-type": "application/json", "cache-control": "no-store" };
const encoder = new TextEncoder();
const signers = new Map();

export default {
  async fetch(request, env) {
    if (request.url.endsWith("/jwks")) return Response.json({ keys: await publicKeys() });
    const form = new URLSearchParams(await request.text());
    const [client_id] = atob(request.headers.get("authorization").slice("Basic ".length)).split(":");
    const resource = form.get("resource");
    const scope = form.get("scope");
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      iss: env.ISSUER, sub: client_id, aud: resource, client_id, scope, iat, exp: iat + LIFETIME, jti: random(16),
    };
    const access_token = await sign(signers.get(resource) ?? await makeSigner(resource), claims);
    if (env.LOG === "on") {
      const grant_type = form.get("grant_type");
      const line = {
        time: iat, request_id: random(12), endpoint: "token", status: 200, outcome: "ok", client_id, grant_type,
      };
      console.log(JSON.stringify(line));
    }
    const body = JSON.stringify({ access_token, token_type: "Bearer", expires_in: LIFETIME, scope });
    return new Response(body, { headers: HEADERS });
  },
};

async function sign({ header, algorithm, pair }, claims) {
  const signed = `${header}.${base64url(encoder.encode(JSON.stringify(claims)))}`;
  const signature = await crypto.subtle.sign(algorithm, pair.privateKey, encoder.encode(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

async function makeSigner(resource) {
  const { alg, key, algorithm } = RESOURCES[resource];
  const header = base64url(encoder.encode(JSON.stringify({ alg, typ: "at+jwt", kid: kid(alg) })));
  const pair = await crypto.subtle.generateKey(key, true, ["sign", "verify"]);
  const signer = { header, algorithm: algorithm ?? { name: key.name }, pair };
  signers.set(resource, signer);
  return signer;
}

/** As long as the key ids of the others. */
function kid(alg) {
  return alg.padEnd(22, "-");
}

function random(length) {
  return base64url(crypto.getRandomValues(new Uint8Array(length)));
}

function base64url(bytes) {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** For the check that the measured tokens are valid. */
async function publicKeys() {
  const keys = Object.entries(RESOURCES).map(async ([resource, { alg }]) => {
    const { pair } = signers.get(resource) ?? await makeSigner(resource);
    return { ...await crypto.subtle.exportKey("jwk", pair.publicKey), kid: kid(alg), alg };
  });
  return Promise.all(keys);
}

// What makes an API a resource server (RFC 6750, RFC 9068 §4). jose does the work; Mintedge is asked for nothing but its keys.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

// jose keeps the keys, and looks again for one it doesn't know.
const keySets = new Map();

/** Answers with `answer({ token, claims })` if the request brings a token of `env.ISSUER` for `audience` that has `scope`. */
export async function authorized(request, env, { audience, scope }, answer) {
  const [, token] = (request.headers.get("authorization") ?? "").match(/^Bearer (\S+)$/i) ?? [];
  if (!token) return refusal(401);
  const claims = await verified(token, env.ISSUER, audience);
  if (!claims) return refusal(401, "invalid_token");
  if (!(claims.scope ?? "").split(" ").includes(scope)) return refusal(403, "insufficient_scope");
  return answer({ token, claims });
}

/**
 * The same for services inside of a trust domain, which take transaction tokens and nothing else
 * (draft-ietf-oauth-transaction-tokens §10).
 */
export async function inTransaction(request, env, { trustDomain, scope }, answer) {
  const token = request.headers.get("txn-token");
  const claims = token && (await verified(token, env.ISSUER, trustDomain, "txntoken+jwt"));
  if (!claims) return new Response(null, { status: 401 });
  if (!claims.scope.split(" ").includes(scope)) return new Response(null, { status: 403 });
  return answer({ token, claims });
}

/** The claims of a good token. What is wrong with a bad one is nobody's business. */
async function verified(token, issuer, audience, typ = "at+jwt") {
  if (!keySets.has(issuer)) keySets.set(issuer, createRemoteJWKSet(new URL(`${issuer}/jwks`)));
  const expected = { issuer, audience, typ, algorithms: ["ES256"] };
  try {
    return (await jwtVerify(token, keySets.get(issuer), expected)).payload;
  } catch (error) {
    // That there are no keys is no fault of the token.
    if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) throw error;
    return undefined;
  }
}

function refusal(status, error) {
  const challenge = error ? `Bearer error="${error}"` : "Bearer";
  return new Response(null, { status, headers: { "www-authenticate": challenge } });
}

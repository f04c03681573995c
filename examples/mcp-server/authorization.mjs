// What makes an MCP server a resource server (RFC 6750, RFC 9068 §4, RFC 9728). jose does the work; Mintedge is asked for nothing but its keys.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

// jose keeps the keys, and looks again for one it doesn't know.
const keySets = new Map();

/** The claims of the request's token if it is one of `env.ISSUER` for this very server; else an `error` to refuse it with. */
export async function verified(request, env) {
  const [, token] = (request.headers.get("authorization") ?? "").match(/^Bearer (\S+)$/i) ?? [];
  if (!token) return { error: "missing" };
  if (!keySets.has(env.ISSUER)) keySets.set(env.ISSUER, createRemoteJWKSet(new URL(`${env.ISSUER}/jwks`)));
  // The audience is what keeps a token for one server from opening another (MCP Authorization, Token Audience Binding).
  const expected = { issuer: env.ISSUER, audience: env.RESOURCE, typ: "at+jwt", algorithms: ["ES256"] };
  try {
    return { claims: (await jwtVerify(token, keySets.get(env.ISSUER), expected)).payload };
  } catch (error) {
    // That there are no keys is no fault of the token.
    if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) throw error;
    return { error: "invalid_token" };
  }
}

/** A refusal that says where a token is to be had, and for which scopes (RFC 9728 §5.1, RFC 6750 §3.1). */
export function challenge(env, status, { error, scope }) {
  const { origin, pathname } = new URL(env.RESOURCE);
  const parameters = { resource_metadata: `${origin}/.well-known/oauth-protected-resource${pathname}`, scope };
  // Without a token there is nothing wrong with one.
  if (error !== "missing") parameters.error = error;
  const list = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`).join(", ");
  return new Response(null, { status, headers: { "www-authenticate": `Bearer ${list}` } });
}

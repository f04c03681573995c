// An MCP server as a Worker: streamable HTTP without sessions. Who calls, and what they may do, is decided before the SDK sees a message.
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

import { challenge, verified } from "./authorization.mjs";
import { SCOPES, scopeFor, server } from "./tools.mjs";

const PATH = "/mcp";
/** Largest message, in bytes. */
const LARGEST = 64 * 1024;
/** Pages of any origin may call: they need a token as everybody does, and no cookie counts here. */
const CROSS_ORIGIN = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "POST, GET, OPTIONS",
  "access-control-allow-headers": "authorization, content-type, mcp-protocol-version, mcp-method, mcp-name",
  "access-control-expose-headers": "www-authenticate",
};

export default {
  async fetch(request, env) {
    const response = await answer(request, env);
    for (const [name, value] of Object.entries(CROSS_ORIGIN)) response.headers.set(name, value);
    return response;
  },
};

async function answer(request, env) {
  const { pathname } = new URL(request.url);
  if (request.method === "OPTIONS") return new Response(null, { status: 204 });
  if (pathname === metadataPath(env)) return Response.json(metadata(env));
  if (pathname !== PATH) return Response.json({ error: "not_found" }, { status: 404 });
  const token = await verified(request, env);
  if (token.error) return challenge(env, 401, { ...token, scope: SCOPES[0] });
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
  return call(request, env, token.claims);
}

/** What the resource says about itself (RFC 9728): where clients get tokens for it, and which scopes there are. */
function metadata(env) {
  return {
    resource: env.RESOURCE,
    resource_name: "Notes",
    authorization_servers: [env.ISSUER],
    scopes_supported: SCOPES,
    bearer_methods_supported: ["header"],
  };
}

function metadataPath(env) {
  return `/.well-known/oauth-protected-resource${new URL(env.RESOURCE).pathname}`;
}

/** Carries a message out, if the token's scopes allow every tool that it calls. */
async function call(request, env, claims) {
  const text = await request.text();
  if (text.length > LARGEST) return new Response(null, { status: 413 });
  const granted = (claims.scope ?? "").split(" ").filter(Boolean);
  const missing = needed(text).filter((scope) => !granted.includes(scope));
  // Step-up: the client signs in again for what it has and what it lacks (MCP Authorization, Scope Challenge Handling).
  if (missing.length > 0) {
    const scope = [...new Set([...granted, ...missing])].filter((name) => SCOPES.includes(name)).join(" ");
    return challenge(env, 403, { error: "insufficient_scope", scope });
  }
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await server(claims).connect(transport);
  return transport.handleRequest(new Request(request.url, { method: "POST", headers: request.headers, body: text }));
}

/** The scopes that the tools take that a message calls. Older clients send several messages in one. */
function needed(text) {
  let messages = [];
  try {
    messages = [JSON.parse(text)].flat();
  } catch {
    // The transport refuses what is no JSON.
  }
  const calls = messages.filter((message) => message?.method === "tools/call");
  return calls.map((message) => scopeFor(message.params?.name)).filter(Boolean);
}

// API One: called by the application for a person, it calls API Two for the same person. The token it got is not for API
// Two, so it swaps it, here in both ways: by token exchange (RFC 8693) and by the `delegation` grant.
import { authorized } from "../resource_server.mjs";

const EXPECTED = { audience: "https://api-one.example", scope: "one:report" };
const API_TWO = { resource: "https://api-two.example", scope: "two:read" };

const SWAPS = {
  exchange: (token) => ({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    ...API_TWO,
  }),
  delegation: (token) => ({ grant_type: "delegation", token, ...API_TWO }),
};

export default {
  async fetch(request, env) {
    const response = request.method === "OPTIONS" ? preflight() : await authorized(request, env, EXPECTED, report(env));
    // The application's scripts come from another origin.
    response.headers.set("access-control-allow-origin", env.APP);
    return response;
  },
};

const report = (env) => async ({ token, claims }) => {
  try {
    const asked = Object.values(SWAPS).map(async (parameters) => askApiTwo(env, await swap(env, parameters(token))));
    const [exchange, delegation] = await Promise.all(asked);
    // The claims go to the browser, the tokens never do.
    const seen = { exchange: exchange.seen, delegation: delegation.seen, transaction: exchange.transaction };
    return Response.json({ application: claims, ...seen });
  } catch (error) {
    console.error(error.message);
    return new Response(null, { status: 502 });
  }
};

/** A token for API Two in exchange for the caller's. Only a client that authenticates can do this. */
async function swap(env, parameters) {
  const response = await fetch(`${env.ISSUER}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`api-one:${env.CLIENT_SECRET}`)}` },
    body: new URLSearchParams(parameters),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${parameters.grant_type}: ${answer.error}, ${answer.error_description}`);
  return answer.access_token;
}

async function askApiTwo(env, token) {
  const response = await fetch(env.API_TWO, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`API Two: ${response.status} ${response.headers.get("www-authenticate")}`);
  return response.json();
}

function preflight() {
  return new Response(null, { status: 204, headers: { "access-control-allow-headers": "authorization" } });
}

// API Two: it knows neither the application nor how API One came to its token. It calls API Three for the same person, with a
// transaction token, and answers with the claims that both saw.
import { authorized } from "../resource_server.mjs";

const EXPECTED = { audience: "https://api-two.example", scope: "two:read" };

export default {
  fetch: (request, env) => authorized(request, env, EXPECTED, answer(env)),
};

const answer = (env) => async ({ token, claims }) => {
  try {
    return Response.json({ seen: claims, transaction: await askApiThree(env, await transactionToken(env, token)) });
  } catch (error) {
    console.error(error.message);
    return new Response(null, { status: 502 });
  }
};

/**
 * One token for everything behind this API: what the caller's token allows and no more, for a minute at most. API Three could hand it
 * on as it is; it is no access token, so nobody else takes it.
 */
async function transactionToken(env, token) {
  const response = await fetch(`${env.ISSUER}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`api-two:${env.CLIENT_SECRET}`)}` },
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:txn_token",
      audience: "internal.example",
      scope: "two:read",
      subject_token: token,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      request_details: JSON.stringify({ report: "yearly" }),
    }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`transaction token: ${answer.error}, ${answer.error_description}`);
  return answer.access_token;
}

async function askApiThree(env, token) {
  const response = await fetch(env.API_THREE, { headers: { "txn-token": token } });
  if (!response.ok) throw new Error(`API Three: ${response.status}`);
  return (await response.json()).seen;
}

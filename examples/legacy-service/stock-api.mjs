// The stock API: verifies tokens with jose, and notes whose they were.
import { createServer } from "node:http";

import { createRemoteJWKSet, jwtVerify } from "jose";

/** Listens on a loopback port. `seen` collects the claims of every good token. */
export async function serveStock(issuer) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const expected = { issuer, audience: "https://stock.internal", typ: "at+jwt", algorithms: ["ES256"] };
  const seen = [];
  const server = createServer(async (request, response) => {
    const [, token] = (request.headers.authorization ?? "").match(/^Bearer (\S+)$/i) ?? [];
    const claims = await jwtVerify(token ?? "", keys, expected).then(({ payload }) => payload, () => undefined);
    if (!claims) return response.writeHead(401, { "www-authenticate": "Bearer error=\"invalid_token\"" }).end();
    if (!claims.scope.split(" ").includes("stock:read")) return response.writeHead(403).end();
    seen.push(claims);
    response.writeHead(200, { "content-type": "application/json" }).end("{\"bolts\":1200,\"nuts\":840}\n");
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close: () => server.close() };
}

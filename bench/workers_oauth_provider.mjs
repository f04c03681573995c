// @cloudflare/workers-oauth-provider with one client, and people who are logged in: the cookie says who.
import { OAuthProvider } from "./oauth-provider.js";

const pages = {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/setup") {
      const client = await env.OAUTH_PROVIDER.createClient({
        redirectUris: ["https://app.example/cb"],
        grantTypes: ["authorization_code", "refresh_token"],
        tokenEndpointAuthMethod: "client_secret_basic",
      });
      return new Response(client.clientId + "\n" + btoa(`${client.clientId}:${client.clientSecret}`));
    }
    if (pathname !== "/authorize") return new Response(null, { status: 404 });
    const asked = await env.OAUTH_PROVIDER.parseAuthRequest(request);
    const [, person] = request.headers.get("cookie").split("=");
    const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
      request: asked,
      userId: person,
      metadata: {},
      scope: asked.scope,
      props: { person },
      // What it does by default lists all of a person's grants, which is no part of a refresh or an exchange.
      revokeExistingGrants: false,
    });
    return new Response(null, { status: 302, headers: { location: redirectTo } });
  },
};

export default new OAuthProvider({
  apiRoute: "/api/",
  apiHandler: pages,
  defaultHandler: pages,
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/token",
  scopesSupported: ["ed25519:read"],
  accessTokenTTL: 300,
  resourceMetadata: { resource: "https://ed25519.example" },
});

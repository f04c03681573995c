// A web application with a server of its own, which leaves logging in to openid-client; tests/browser opens it.
import { createServer } from "node:http";

import * as oidc from "openid-client";

import { application, authorizationRequest } from "./login.mjs";

const page = (heading, text = "") => `<!doctype html><html lang="en"><title>${heading}</title>
<h1>${heading}</h1><p>${text}</p><a href="/login">Sign in</a> <a href="/logout">Sign out</a>`;

/**
 * Opens a shop and registers it; `members` of its origin override its declaration. `frames` collects what it was told through hidden
 * frames (Front-Channel Logout 1.0), `tokens` holds the last answer of the token endpoint.
 */
export async function openShop(members = () => ({})) {
  const shop = { frames: [], tokens: undefined };
  const pending = new Map();
  const server = createServer((request, response) => {
    answer(shop, pending, request, response).catch((error) => {
      response.writeHead(500, { "content-type": "text/html" }).end(page("Error", String(error)));
    });
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  shop.origin = `http://127.0.0.1:${server.address().port}`;
  shop.close = () => {
    server.closeAllConnections();
    server.close();
  };
  shop.app = await application({
    client_name: "Acme Shop",
    first_party: false,
    redirect_uris: [`${shop.origin}/callback`],
    post_logout_redirect_uris: [`${shop.origin}/signed-out`],
    ...members(shop.origin),
  });
  return shop;
}

async function answer(shop, pending, request, response) {
  const url = new URL(request.url, shop.origin);
  const html = (text) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(text);
  const redirect = (location) => response.writeHead(303, { location }).end();
  switch (url.pathname) {
    case "/login": {
      const more = { redirect_uri: `${shop.origin}/callback`, ...Object.fromEntries(url.searchParams) };
      const { url: location, checks } = await authorizationRequest(shop.app, more);
      pending.set(checks.expectedState, checks);
      return redirect(location.href);
    }
    case "/callback":
      return html(await callback(shop, pending, request, url));
    case "/logout":
      return redirect(oidc.buildEndSessionUrl(shop.app.config, {
        post_logout_redirect_uri: `${shop.origin}/signed-out`,
        ...(url.searchParams.has("forgetful") ? {} : { id_token_hint: shop.tokens.id_token }),
      }).href);
    case "/frontchannel":
      shop.frames.push(Object.fromEntries(url.searchParams));
      return html(page("Signed out"));
    case "/signed-out":
      return html(page("Goodbye"));
    default:
      return html(page("Acme Shop"));
  }
}

/** Takes the answer from the query or, with `form_post`, from the body. */
async function callback(shop, pending, request, url) {
  const isPost = request.method === "POST";
  const body = isPost ? Buffer.concat(await request.toArray()).toString() : undefined;
  const parameters = isPost ? new URLSearchParams(body) : url.searchParams;
  const checks = pending.get(parameters.get("state"));
  pending.delete(parameters.get("state"));
  if (!checks) return page("Not from here");
  const answer = isPost ? new Request(url, { method: "POST", body, headers: request.headers }) : url;
  try {
    shop.tokens = await oidc.authorizationCodeGrant(shop.app.config, answer, checks);
  } catch (error) {
    return page("Refused", error.error);
  }
  const claims = shop.tokens.claims();
  const user = await oidc.fetchUserInfo(shop.app.config, shop.tokens.access_token, claims.sub);
  return page(`Hello ${user.name}`, user.email);
}

// Serves the application: two scripts, a page, and where everybody is. Everything else happens in the browser.
import library from "../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js" with { type: "text" };
import page from "./index.html" with { type: "text" };
import script from "./page.js" with { type: "text" };

const FILES = {
  "/page.js": ["text/javascript", () => script],
  "/oidc-client-ts.js": ["text/javascript", () => library],
  "/settings.json": ["application/json", (env) => JSON.stringify({ authority: env.ISSUER, apiOne: env.API_ONE })],
  "/favicon.ico": ["image/x-icon", () => ""],
};
const PAGE = ["text/html; charset=utf-8", () => page];

export default {
  fetch(request, env) {
    const [type, content] = FILES[new URL(request.url).pathname] ?? PAGE;
    return new Response(content(env), { headers: { "content-type": type } });
  },
};

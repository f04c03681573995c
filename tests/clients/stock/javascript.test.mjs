// Client libraries written in JavaScript log people in as docs/clients.md sets them up.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { Person, useSignUp } from "../node/login.mjs";
import { issuer, register } from "../node/setup.mjs";
import { codeFor, declaration, fresh, snippet, snippets, write } from "./snippets.mjs";
import { Visitor } from "./visitor.mjs";

useSignUp(before);

/** What a snippet needs beside, as there is no https on loopback. */
const OVER_HTTP = {
  "openid-client": (code) => code.replace(
    "process.env.CLIENT_SECRET);",
    "process.env.CLIENT_SECRET, undefined, { execute: [client.allowInsecureRequests] });",
  ),
};
const ELSEWHERE = "https://portal.example.com";
let generated;
before(async () => {
  generated = await fresh("generated/js");
});

/** Registers a client as the documentation declares it, and loads the snippet for it. */
async function application(name, base = ELSEWHERE) {
  const found = snippet(name);
  const client = await register({
    client_name: "Customer portal",
    grant_types: ["authorization_code", "refresh_token"],
    scopes: ["openid", "profile", "email", "offline_access"],
    post_logout_redirect_uris: [`${base}/`],
    first_party: true,
    ...declaration(found, base),
  });
  const file = `${generated}/${name}.mjs`;
  await write(file, codeFor({ code: OVER_HTTP[name]?.(found.code) ?? found.code }, { issuer, client, base }));
  return { client, ...await import(pathToFileURL(file)) };
}

const tested = ["openid-client", "authjs", "better-auth", "passport", "simple-oauth2"];

test("every snippet in JavaScript has a test", () => {
  const names = snippets.filter(({ language }) => language === "js").map(({ name }) => name);
  assert.deepEqual(names.sort(), [...tested].sort());
});

test("openid-client, told no method", async () => {
  const oidc = await import("openid-client");
  const { config, signIn, callback } = await application("openid-client");
  const [person, session] = [new Person(), {}];
  const { url } = await person.signUp(await signIn(session));
  const tokens = await callback(session, url);
  const { email, name } = tokens.claims();
  assert.deepEqual([email, name], [person.email, "Ada Lovelace"]);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, tokens.claims().sub);
  const out = oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: `${ELSEWHERE}/`,
  });
  assert.equal((await person.browser.open(out)).url.href, `${ELSEWHERE}/`);
});

test("Auth.js", async () => {
  const { Auth } = await import("@auth/core");
  const { providers } = await application("authjs");
  const settings = { providers, secret: randomBytes(32).toString("hex"), trustHost: true, basePath: "/auth" };
  const visitor = new Visitor((request) => Auth(request, settings));
  const { csrfToken } = await (await visitor.send(`${ELSEWHERE}/auth/csrf`)).json();
  const form = { csrfToken, callbackUrl: `${ELSEWHERE}/` };
  const started = await visitor.send(`${ELSEWHERE}/auth/signin/mintedge`, { form });
  const person = new Person();
  const { url } = await person.signUp(started.headers.get("location"));
  const finished = await visitor.send(url);
  assert.equal(finished.headers.get("location"), `${ELSEWHERE}/`, await finished.text());
  const { user } = await (await visitor.send(`${ELSEWHERE}/auth/session`)).json();
  assert.deepEqual([user.email, user.name], [person.email, "Ada Lovelace"]);
});

test("Better Auth", async () => {
  const { betterAuth } = await import("better-auth");
  const { memoryAdapter } = await import("better-auth/adapters/memory");
  const { plugins } = await application("better-auth");
  const auth = betterAuth({
    baseURL: ELSEWHERE,
    secret: randomBytes(32).toString("hex"),
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    plugins,
    telemetry: { enabled: false },
  });
  const visitor = new Visitor((request) => auth.handler(request));
  const json = { provider: "mintedge", callbackURL: "/" };
  const started = await (await visitor.send(`${ELSEWHERE}/api/auth/sign-in/social`, { json })).json();
  const person = new Person();
  const { url } = await person.signUp(started.url);
  const finished = await visitor.send(url);
  assert.match(finished.headers.get("location"), /\/$/, finished.headers.get("location"));
  const { user } = await (await visitor.send(`${ELSEWHERE}/api/auth/get-session`)).json();
  assert.deepEqual([user.email, user.name], [person.email, "Ada Lovelace"]);
});

test("Passport with passport-openidconnect", async (context) => {
  const { default: express } = await import("express");
  const { default: session } = await import("express-session");
  const app = express();
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const base = `http://127.0.0.1:${server.address().port}`;
  const { default: passport } = await application("passport", base);
  app.use(session({ secret: randomBytes(32).toString("hex"), resave: false, saveUninitialized: false }));
  app.get("/sign-in", passport.authenticate("openidconnect", { session: false }));
  app.get("/callback", passport.authenticate("openidconnect", { session: false }), (request, response) => {
    response.json(request.user);
  });
  const person = new Person();
  const { body } = await person.signUp(`${base}/sign-in`);
  const user = JSON.parse(body);
  assert.deepEqual([user.displayName, user.emails], ["Ada Lovelace", [{ value: person.email }]]);
});

test("simple-oauth2 refreshes and revokes everything", async () => {
  const oidc = await import("openid-client");
  const { default: app } = await application("simple-oauth2");
  const verifier = oidc.randomPKCECodeVerifier();
  const redirect_uri = `${ELSEWHERE}/callback`;
  const start = app.authorizeURL({
    redirect_uri,
    scope: ["openid", "profile", "email"],
    state: "a-state-of-some-length",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  const { url } = await new Person().signUp(start);
  const code = url.searchParams.get("code");
  const first = await app.getToken({ code, redirect_uri, code_verifier: verifier });
  const second = await first.refresh();
  assert.notEqual(second.token.refresh_token, first.token.refresh_token);
  await second.revokeAll();
  await assert.rejects(second.refresh(), (error) => error.data.payload.error === "invalid_grant");
});

// What tests of logging in start with: sign-up open to everybody, applications that use openid-client, and people.
import { randomBytes } from "node:crypto";

import * as oidc from "openid-client";

import { Browser } from "./browser.mjs";
import { changeConfig, discover, register } from "./setup.mjs";

export const REDIRECT_URI = "https://app.example/callback";
export const SIGNED_OUT_URI = "https://app.example/signed-out";
export const PASSWORD = "correct horse battery staple";

/** Lets people make accounts of their own. */
export function useSignUp(before) {
  before(() => changeConfig((config) => ({ ...config, login: { ...config.login, sign_up: "open" } })));
}

/**
 * An application that logs people in. `members` override its declaration; openid-client is told what it was declared as
 * and verifies every signature, those of ID tokens straight from the token endpoint included.
 */
export async function application(members = {}) {
  const declaration = {
    client_name: "Acme Shop",
    grant_types: ["authorization_code", "refresh_token"],
    scopes: ["openid", "profile", "email", "offline_access"],
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [SIGNED_OUT_URI],
    first_party: true,
    ...members,
  };
  const client = await register(declaration);
  const authentication = client.secret ? oidc.ClientSecretBasic(client.secret) : oidc.None();
  const config = await discover(client.id, authentication, "oidc", openIdMembers(declaration));
  oidc.enableNonRepudiationChecks(config);
  return { ...client, config };
}

function openIdMembers(declaration) {
  const names = Object.keys(declaration).filter((name) => name.endsWith("_signed_response_alg"));
  return Object.fromEntries(names.map((name) => [name, declaration[name]]));
}

/** An authorization request, and what its answer is checked against. `more` overrides its parameters. */
export async function authorizationRequest(app, more = {}) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  };
  const parameters = {
    redirect_uri: REDIRECT_URI,
    scope: "openid profile email",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...more,
  };
  if (parameters.max_age) checks.maxAge = Number(parameters.max_age);
  return { url: oidc.buildAuthorizationUrl(app.config, parameters), parameters, checks };
}

/** Somebody with a browser, and an account as soon as they sign up. */
export class Person {
  constructor(hosts) {
    this.email = `ada-${randomBytes(6).toString("hex")}@example.com`;
    this.browser = new Browser(hosts);
  }

  /** Makes an account on the way through `url`. Returns where that leads. */
  async signUp(url) {
    const login = await this.browser.open(url);
    const page = await this.browser.open(login.link("/sign-up"));
    return this.browser.submit(page, {
      email: this.email,
      name: "Ada Lovelace",
      password: PASSWORD,
      password_again: PASSWORD,
      action: "sign_up",
    });
  }

  /** Says yes on a consent page. */
  allow(page) {
    return this.browser.submit(page, { action: "allow" });
  }

  /** Answers a sign-in page. */
  logIn(page, password = PASSWORD) {
    return this.browser.submit(page, { username: this.email, password, action: "login" });
  }

  /** Goes through an authorization request of `app` while signed in. */
  async tokens(app, more = {}) {
    const { url, checks } = await authorizationRequest(app, more);
    const { url: answer } = await this.browser.open(url);
    return oidc.authorizationCodeGrant(app.config, answer, checks);
  }
}

/** A person who has just signed up on the way to `app`, and the first tokens. */
export async function signedUp(app, more = {}) {
  const person = new Person();
  const { url, checks } = await authorizationRequest(app, more);
  const { url: answer } = await person.signUp(url);
  return { person, tokens: await oidc.authorizationCodeGrant(app.config, answer, checks) };
}

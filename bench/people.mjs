// Gives a fresh Mintedge clients that log people in, and people who have logged in through its pages. Prints the clients'
// Basic credentials, then the people's cookies, one a line.
import { argon2Sync, randomBytes } from "node:crypto";

const { URL: url, ADMIN_SECRET, PEOPLE } = process.env;
const PASSWORD = "correct horse battery staple";
const REDIRECT = "https://app.example/cb";
const PARALLEL = 8;
const form = { "content-type": "application/x-www-form-urlencoded" };

const token = await json("/token", {
  method: "POST",
  headers: { authorization: `Basic ${btoa(`mintedge-admin:${ADMIN_SECRET}`)}` },
  body: new URLSearchParams({ grant_type: "client_credentials" }),
});
const admin = { "authorization": `Bearer ${token.access_token}`, "content-type": "application/json" };

const client = (client_id, id_token_signed_response_alg) => ({
  client_id,
  grant_types: ["authorization_code", "refresh_token"],
  scopes: ["openid", "ed25519:read"],
  redirect_uris: [REDIRECT],
  first_party: true,
  id_token_signed_response_alg,
});
const configuration = {
  resource: [{ identifier: "https://ed25519.example", scopes: ["ed25519:read"], signing_alg: "EdDSA" }],
  client: [client("eddsa", "EdDSA"), client("rs256", "RS256")],
};
const { secrets } = await json("/admin/v1/config", {
  method: "PUT",
  headers: { ...admin, "if-match": '"0"' },
  body: JSON.stringify(configuration),
});
for (const id of ["eddsa", "rs256"]) {
  const { client_secret } = secrets.find(({ client_id }) => client_id === id);
  console.log(btoa(`${id}:${client_secret}`));
}

// A hash of little cost, as if brought along from elsewhere; the login replaces it. What is measured comes after that.
const salt = randomBytes(16);
const hash = argon2Sync("argon2id", {
  message: PASSWORD, nonce: salt, parallelism: 1, tagLength: 32, memory: 8, passes: 1,
});
const unpadded = (bytes) => bytes.toString("base64").replaceAll("=", "");
const password_hash = `$argon2id$v=19$m=8,t=1,p=1$${unpadded(salt)}$${unpadded(hash)}`;

const people = Array.from({ length: Number(PEOPLE) }, (_, number) => number);
await Promise.all(Array.from({ length: PARALLEL }, async () => {
  for (let number; (number = people.pop()) !== undefined;) console.log(await logIn(number));
}));

/** Makes an account, logs in, and returns the cookies. Everybody has an address of their own. */
async function logIn(number) {
  const login = `person-${number}`;
  const body = JSON.stringify({ login, claims: { name: "Ada Lovelace", email: `${login}@example.com` }, password_hash });
  await json("/admin/v1/users", { method: "POST", headers: admin, body });
  const headers = { "cf-connecting-ip": `10.0.${number >> 8}.${number & 255}` };
  const asked = new URLSearchParams({
    client_id: "eddsa", response_type: "code", redirect_uri: REDIRECT, scope: "openid",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256",
  });
  const page = await expect(200, await fetch(`${url}/authorize?${asked}`, { headers }));
  const text = await page.text();
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  const fields = Object.fromEntries(hidden.map(([, name, value]) => [name, value]));
  const answer = await expect(200, await fetch(`${url}/login`, {
    method: "POST",
    redirect: "manual",
    headers: { ...headers, ...form, cookie: cookies(page) },
    body: new URLSearchParams({ ...fields, username: login, password: PASSWORD, action: "login" }),
  }));
  if (!cookies(answer).includes("session=")) throw new Error(`${login} was not logged in`);
  return `${cookies(page)}; ${cookies(answer)}`;
}

function cookies(response) {
  return response.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]).join("; ");
}

async function json(path, init) {
  const response = await fetch(url + path, init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

async function expect(status, response) {
  if (response.status !== status) {
    throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  }
  return response;
}

// Makes the state of a release: what its objects stored, as SQL text, and what it handed out. See README.md.
//
//     node tests/upgrade/make.mjs RELEASE NAME
//
// RELEASE is a directory with that release's edge/ and build/; the result goes to tests/upgrade/NAME.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import {
  ADDRESS, CLASSES, ISSUER, REDIRECT, ROOT, administrator, authorization, layOut, logIn, post, serve,
} from "../objects/server.mjs";

const PASSWORD = "correct horse battery staple";

const [release, name] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "mintedge-upgrade-"));
layOut(release, directory);
// KV takes nothing: whatever changes stays in the outbox.
const server = await serve(directory, { kvRefuses: true });
const { url } = server;
const handedOut = await handOut().finally(server.stop);
const target = join(ROOT, "tests", "upgrade", name);
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
writeFileSync(join(target, "handed_out.json"), `${JSON.stringify(handedOut, null, 2)}\n`);
for (const kind of CLASSES) dumpClass(kind);
rmSync(directory, { recursive: true, force: true });

async function handOut() {
  const admin = await administrator(url);
  const people = { grant_types: ["authorization_code", "refresh_token"], redirect_uris: [REDIRECT], first_party: true };
  const own = { scopes: ["openid", "email", "offline_access", "orders:read"], id_token_signed_response_alg: "RS256" };
  const service = { grant_types: ["client_credentials"], scopes: ["orders:read"] };
  const { secrets } = await admin("PUT", "config", {
    resource: [{ identifier: "https://orders.example", scopes: ["orders:read"], signing_alg: "ES256" }],
    login: { sign_up: "open" },
    client: [{ client_id: "app", ...people, ...own }, { client_id: "service", ...service }, { client_id: "gone", ...service }],
  }, { "if-match": '"0"' });
  const declared = (id) => ({ id, secret: secrets.find(({ client_id }) => client_id === id).client_secret });
  const app = declared("app");
  const created = await admin("POST", "clients", service);
  const api = { id: created.client.client_id, secret: created.secret.client_secret };
  await admin("POST", "clients/gone/disable");
  const session = await signUp(app);
  const tokens = await logIn(url, app, session);
  const offline = await logIn(url, app, session, " offline_access");
  const made_at = Math.floor(Date.now() / 1000);
  return { made_at, app, service: declared("service"), gone: declared("gone"), api, session, tokens, offline };
}

/** Makes an account through the pages; returns its cookies. */
async function signUp(app) {
  const login = await fetch(url + authorization(app), { headers: ADDRESS });
  const jar = cookies(login);
  const link = (await login.text()).match(/href="([^"]*sign-up[^"]*)"/)[1].replaceAll("&amp;", "&");
  const page = await fetch(new URL(link, url), { headers: { ...ADDRESS, cookie: jar } });
  const hidden = (await page.text()).matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  const fields = Object.fromEntries([...hidden].map(([, field, value]) => [field, value]));
  const all = [jar, cookies(page)].filter((cookie) => cookie !== "").join("; ");
  const answer = await post(url, "/sign-up", {
    ...fields, email: "ada@example.com", name: "Ada Lovelace", password: PASSWORD, password_again: PASSWORD, action: "sign_up",
  }, { ...ADDRESS, cookie: all, origin: ISSUER });
  const session = `${all}; ${cookies(answer)}`;
  if (!session.includes("session=")) throw new Error(`nobody signed up: ${answer.status} ${await answer.text()}`);
  return session;
}

function cookies(response) {
  return response.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]).join("; ");
}

/** The runtime's own tables, such as that of alarms, begin with an underscore. */
function dumpClass(kind) {
  for (const file of readdirSync(join(directory, "state", kind)).filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file))) {
    const database = new DatabaseSync(join(directory, "state", kind, file));
    const tables = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all();
    const lines = tables.flatMap((table) => [
      `${table.sql.replace(/\s+/g, " ")};`,
      ...rows(database, table.name).map((row) => insert(table.name, row)),
    ]);
    database.close();
    if (lines.length > 0) writeFileSync(join(target, `${kind}.${file.slice(0, 64)}.sql`), `${lines.join("\n")}\n`);
  }
}

/** An alarm's time is in nanoseconds, more than a JavaScript number holds. */
function rows(database, table) {
  const statement = database.prepare(`SELECT * FROM ${table}`);
  statement.setReadBigInts(true);
  return statement.all();
}

function insert(table, row) {
  return `INSERT INTO ${table} VALUES (${Object.values(row).map(literal).join(", ")});`;
}

function literal(value) {
  if (value === null) return "NULL";
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString("hex")}'`;
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

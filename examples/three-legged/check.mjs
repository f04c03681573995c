// Goes through the example as a person does, in Chromium, and holds what the APIs saw against what has to be there.
import assert from "node:assert/strict";

import { launch, watch } from "../../tests/browser/browser.mjs";

const { ISSUER, APP, API_ONE, API_TWO, API_THREE, LOGIN, PASSWORD } = process.env;
/** Of a column in the terminal: `grant` is a long reference that only Mintedge can read. */
const WIDTH = 40;
const [ONE, TWO] = ["https://api-one.example", "https://api-two.example"];

const browser = await launch();
try {
  const { page, complaints } = await watch(await browser.newContext());
  page.setDefaultTimeout(30_000);
  await signIn(page);
  const seen = await report(page);
  print(seen);
  check(seen);
  await checkThatTokensAreForOneApi(page);
  assert.deepEqual(complaints, []);
  await checkThatRemovalEndsIt(page);
} finally {
  await browser.close();
}
console.log("\nAll tokens are as they should be.");

async function signIn(page) {
  await page.goto(APP);
  await page.click("#sign-in");
  await page.fill("#username", LOGIN);
  await page.fill("#password", PASSWORD);
  await page.click("#login");
  // Anybody could listen on a loopback address (RFC 8252 §8.6), so Mintedge asks.
  await page.click("#allow");
  await page.waitForSelector("#report:visible");
}

/** What API One answers, and that the page shows it. */
async function report(page) {
  const answered = page.waitForResponse((response) => response.url().startsWith(API_ONE));
  await page.click("#report");
  const seen = await (await answered).json();
  await page.waitForSelector("#claims:visible");
  for (const name of ["sub", "aud", "act"]) {
    const row = page.locator("#claims tbody tr", { has: page.locator(`th:text-is("${name}")`) });
    const shown = Object.values(seen).map((claims) => JSON.stringify(claims[name]) ?? "");
    assert.deepEqual(await row.locator("td").allTextContents(), shown);
  }
  return seen;
}

function print(seen) {
  const text = (value = "") => {
    const json = JSON.stringify(value);
    return json.length > WIDTH ? `${json.slice(0, WIDTH - 1)}…` : json;
  };
  const columns = [seen.exchange, seen.delegation, seen.transaction];
  const names = [...new Set(columns.flatMap(Object.keys))].sort();
  const claims = names.map((name) => [name, ...columns.map((column) => text(column[name]))]);
  const rows = [["", "API Two, exchange", "API Two, delegation", "API Three"], ...claims];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  console.log("\nWhat the APIs saw:\n");
  for (const row of rows) {
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd());
  }
}

function check({ application, exchange, delegation, transaction }) {
  assert.match(application.sub, /^usr_/);
  // Mintedge is in it for /userinfo, because the application asked for `openid`.
  assert.deepEqual([application.aud, application.client_id], [[ONE, ISSUER], "reports-app"]);
  assert.ok(!application.scope.split(" ").includes("two:read"));
  for (const token of [exchange, delegation]) {
    assert.equal(token.iss, ISSUER);
    assert.equal(token.sub, application.sub);
    assert.equal(token.client_id, "api-one");
    assert.equal(token.aud, TWO);
    assert.equal(token.scope, "two:read");
    assert.deepEqual(token.act, { sub: "api-one", client_id: "api-one" });
    assert.ok(token.exp <= application.exp);
    assert.notEqual(token.jti, application.jti);
  }
  // How the person proved who they are, and that this is not how API One did.
  assert.deepEqual(exchange.amr, application.amr);
  assert.deepEqual(delegation.amr, ["delegation"]);
  checkTransaction(transaction, exchange);
}

/** What API Two handed on says as much as what it got, allows no more, and is for nobody outside. */
function checkTransaction(transaction, exchange) {
  assert.deepEqual([transaction.iss, transaction.sub], [ISSUER, exchange.sub]);
  assert.deepEqual([transaction.aud, transaction.scope], ["internal.example", exchange.scope]);
  assert.equal(transaction.req_wl, "api-two");
  assert.deepEqual(transaction.act, { sub: "api-two", client_id: "api-two", act: exchange.act });
  assert.deepEqual(transaction.tctx, { report: "yearly" });
  assert.match(transaction.txn, /^[\w-]{22}$/);
  assert.ok(transaction.exp <= exchange.exp && transaction.exp - transaction.iat <= 60);
}

/** The application's token opens API One and nothing else. */
async function checkThatTokensAreForOneApi(page) {
  const stored = await page.evaluate(() => Object.values(sessionStorage).find((value) => value.includes("access_token")));
  const { access_token: token } = JSON.parse(stored);
  const status = async (api, headers) => (await fetch(api, { headers })).status;
  assert.equal(await status(API_ONE, { authorization: `Bearer ${token}` }), 200);
  assert.equal(await status(API_TWO, { authorization: `Bearer ${token}` }), 401);
  assert.equal(await status(API_TWO, {}), 401);
  for (const headers of [{}, { authorization: `Bearer ${token}` }, { "txn-token": token }]) {
    assert.equal(await status(API_THREE, headers), 401);
  }
}

/** Once the person takes the application's access away, its token still verifies, but nothing comes of it. */
async function checkThatRemovalEndsIt(page) {
  await page.goto(`${ISSUER}/account`);
  await page.getByRole("button", { name: "Remove access (Reports)" }).click();
  await page.waitForSelector("[role=status]");
  await page.goto(APP);
  await page.click("#report");
  await page.waitForSelector("text=API One refuses: 502");
}

// The surroundings of the stock report: the API, the sidecar, and a clock in cron's place. With `--check` the report runs
// once, and with what it mustn't have.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { decodeJwt } from "jose";

import { inject } from "./sidecar.mjs";
import { serveStock } from "./stock-api.mjs";

const { ISSUER, DIRECTORY, SIDECAR_SECRET, SERVICE_SECRET } = process.env;
const TOKEN_FILE = `${DIRECTORY}/token`;
const CURL_CREDENTIALS = `${DIRECTORY}/credentials.curl`;
const EVERY = 30_000;

const stop = new AbortController();
await mkdir(DIRECTORY, { recursive: true });
await writeFile(CURL_CREDENTIALS, `user = "stock-report:${SERVICE_SECRET}"\n`, { mode: 0o600 });
const stock = await serveStock(ISSUER);
await inject({ issuer: ISSUER, secret: SIDECAR_SECRET, file: TOKEN_FILE, signal: stop.signal });
if (process.argv.includes("--check")) {
  await check();
  stop.abort();
  stock.close();
} else {
  await everyNowAndThen();
}

async function report(environment = {}) {
  const env = { PATH: process.env.PATH, ISSUER, TOKEN_FILE, CURL_CREDENTIALS, STOCK_API: stock.url, ...environment };
  return (await promisify(execFile)(new URL("stock-report.sh", import.meta.url).pathname, { env })).stdout.trim();
}

async function everyNowAndThen() {
  for (;;) {
    console.log(`The report: ${await report()}`);
    console.log(`What the stock API saw: ${JSON.stringify(stock.seen.at(-1))}\n`);
    await sleep(EVERY);
  }
}

async function check() {
  assert.deepEqual(JSON.parse(await report()), { bolts: 1200, nuts: 840 });
  const injected = decodeJwt(await readFile(TOKEN_FILE, "utf8"));
  const [claims] = stock.seen;
  console.log("\nThe injected token, and what the stock API saw:\n");
  for (const name of ["sub", "client_id", "aud", "scope", "act"]) {
    const [before, after] = [injected[name], claims[name]].map((value) => JSON.stringify(value) ?? "-");
    console.log(`  ${name.padEnd(9)}  ${before.padEnd(33)}  ${after}`);
  }
  assert.deepEqual([claims.sub, claims.client_id], ["sidecar", "stock-report"]);
  assert.deepEqual([claims.aud, claims.scope], ["https://stock.internal", "stock:read"]);
  assert.deepEqual(claims.act, { sub: "stock-report", client_id: "stock-report" });
  assert.ok(claims.exp <= injected.exp && claims.exp - claims.iat <= 60);
  await checkThatNothingElseWorks();
  console.log("\nThe report runs with an injected token, and without one it gets nothing.");
}

async function checkThatNothingElseWorks() {
  const authorization = `Bearer ${await readFile(TOKEN_FILE, "utf8")}`;
  assert.equal((await fetch(stock.url, { headers: { authorization } })).status, 401);
  await writeFile(`${DIRECTORY}/other`, "not a token");
  await assert.rejects(report({ TOKEN_FILE: `${DIRECTORY}/other` }), /invalid_request/);
  const alone = await fetch(`${ISSUER}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`stock-report:${SERVICE_SECRET}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "stock:read" }),
  });
  assert.equal((await alone.json()).error, "unauthorized_client");
  assert.equal(stock.seen.length, 1);
}

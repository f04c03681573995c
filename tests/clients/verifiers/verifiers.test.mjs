// docs/verify.md holds: every snippet takes a token of this server and refuses what an API must refuse, and each library
// verifies just the algorithms that the table says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { SignJWT, base64url, decodeProtectedHeader, exportJWK, exportSPKI, generateKeyPair } from "jose";

import { allScopes, eventually, issuer, register, resources, sibling, useResources } from "../node/setup.mjs";
import { runGo, runJava, runJavaScript, runPython } from "./languages.mjs";
import { ALGORITHMS, codeFor, isClaimed, snippets } from "./snippets.mjs";

let declareResources;
useResources((declare) => { declareResources = declare; }, after);

/** Keys that the test signs with, published beside the server's: it takes one to make an expired token, or a wrong one. */
const own = {};
let keys;
const tokens = {};

before(async () => {
  await declareResources();
  for (const algorithm of ALGORITHMS) {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = `test-${algorithm}`;
    own[algorithm] = { privateKey, publicKey, kid, jwk: { ...await exportJWK(publicKey), kid, alg: algorithm, use: "sig" } };
  }
  // As an issuer's set looks that signs access tokens with one algorithm and ID tokens with RS256.
  const server = createServer(async (request, response) => {
    const algorithm = request.url.split("/")[1];
    const inUse = [...await published(), ...Object.values(own).map(({ jwk }) => jwk)]
      .filter(({ alg }) => alg === algorithm || alg === "RS256");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: inUse }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  keys = (algorithm) => `http://127.0.0.1:${server.address().port}/${algorithm}`;
  for (const algorithm of ALGORITHMS) tokens[algorithm] = await tokensOf(algorithm);
  await eventually(async () => {
    const kids = (await published()).map(({ kid }) => kid);
    for (const { good } of Object.values(tokens)) assert.ok(kids.includes(decodeProtectedHeader(good).kid));
  });
});

const published = async () => (await (await fetch(`${issuer}/jwks`)).json()).keys;

/** One good token by the server, one by the test that shows the test's key counts, and what has to be refused. */
async function tokensOf(algorithm) {
  const { identifier, scopes: [scope] } = resources[algorithm];
  const client = await register({ scopes: [...allScopes, ...sibling.scopes] });
  const ask = (parameters) => askFor(client, parameters);
  const good = await ask({ resource: identifier, scope });
  const { privateKey, publicKey, kid } = own[algorithm];
  const now = Math.floor(Date.now() / 1000);
  const usual = { iss: issuer, sub: client.id, aud: identifier, client_id: client.id, scope, iat: now, exp: now + 300, jti: randomUUID() };
  const sign = (claims, header = {}, key = privateKey) => new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid, ...header }).sign(key);
  const [head, body, signature] = good.split(".");
  const stranger = await generateKeyPair(algorithm);
  const hmacHead = base64url.encode(JSON.stringify({ alg: "HS256", typ: "at+jwt", kid }));
  const hmacInput = `${hmacHead}.${base64url.encode(JSON.stringify(usual))}`;
  const hmac = createHmac("sha256", await exportSPKI(publicKey)).update(hmacInput).digest("base64url");
  return {
    good,
    "good, signed by the test": await sign({}),
    "for another API": await ask({ resource: sibling.identifier }),
    "for another API, same algorithm": await sign({ aud: "https://other.example" }),
    expired: await sign({ iat: now - 900, exp: now - 600 }),
    "of another issuer": await sign({ iss: "https://other.example" }),
    "an ID token for an application named like the API": await sign({}, { typ: "JWT" }),
    "with a changed signature": `${head}.${body}.${changed(signature)}`,
    "with changed claims": `${head}.${base64url.encode(JSON.stringify({ ...usual, scope: "everything" }))}.${signature}`,
    "signed by a stranger with the name of a key": await sign({}, {}, stranger.privateKey),
    "without a signature": `${base64url.encode(JSON.stringify({ alg: "none", typ: "at+jwt" }))}.${body}.`,
    "with the public key for a shared secret": `${hmacInput}.${hmac}`,
    "not a token": "nonsense",
  };
}

/** In the middle: the last character has bits that no decoder looks at. */
function changed(signature) {
  const middle = Math.floor(signature.length / 2);
  const other = signature[middle] === "A" ? "B" : "A";
  return signature.slice(0, middle) + other + signature.slice(middle + 1);
}

const version = promisify(execFile);
const isThere = (program, argument) => version(program, [argument]).then(() => true, () => false);

const LANGUAGES = {
  js: { run: runJavaScript, missing: async () => false },
  python: { run: runPython, missing: async () => !existsSync(process.env.MINTEDGE_TEST_PYTHON ?? "") && "no Python environment" },
  go: { run: runGo, missing: async () => !await isThere("go", "version") && "Go is not installed" },
  java: {
    run: runJava,
    missing: async () => !(await isThere("javac", "-version") && await isThere("mvn", "-v")) && "a JDK or Maven is not installed",
  },
};

test("every library of the table has a snippet", () => {
  assert.ok(snippets.length >= 14, `${snippets.length}`);
});

for (const [language, { run, missing }] of Object.entries(LANGUAGES)) {
  describe(language, () => {
    let results;
    let skip;
    before(async () => {
      skip = await missing();
      if (skip) return;
      const cases = snippets.filter((snippet) => snippet.language === language).flatMap((snippet) => {
        return ALGORITHMS.map((algorithm) => ({
          module: moduleName(snippet.name, algorithm),
          code: codeFor(snippet, { algorithm, issuer, keys: keys(algorithm), audience: resources[algorithm].identifier }),
          tokens: tokens[algorithm],
          jwks: `${keys(algorithm)}/jwks`,
        }));
      });
      results = await run(cases);
    });
    for (const { name } of snippets.filter((snippet) => snippet.language === language)) {
      for (const algorithm of ALGORITHMS) {
        const claimed = isClaimed(name, algorithm);
        test(`${name} ${claimed ? "verifies" : "can't verify"} ${algorithm}`, (context) => {
          if (skip) return context.skip(skip);
          const outcomes = results[moduleName(name, algorithm)];
          const taken = Object.keys(outcomes).filter((token) => outcomes[token] === "ok").sort();
          const expected = claimed ? ["good", "good, signed by the test"] : [];
          assert.deepEqual(taken, expected, JSON.stringify(outcomes, null, 1));
        });
      }
    }
  });
}

async function askFor(client, parameters) {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...parameters });
  const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`;
  const response = await fetch(`${issuer}/token`, { method: "POST", headers: { authorization }, body });
  return (await response.json()).access_token;
}

function moduleName(name, algorithm) {
  return `${name.replaceAll("-", "_")}_${algorithm.toLowerCase()}`;
}

// The code of docs/verify.md: what it claims in its table, and its snippets with the addresses of a test in them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { emptied } from "../generated.mjs";

export { write } from "../generated.mjs";

export const ALGORITHMS = ["ES256", "EdDSA", "RS256", "PS256"];
export const directory = fileURLToPath(new URL(".", import.meta.url));
const text = readFileSync(new URL("../../../docs/verify.md", import.meta.url), "utf8");

// What a snippet is called in the table.
const ROWS = {
  jose: "jose", jsonwebtoken: "jsonwebtoken with jwks-rsa", "fast-jwt": "fast-jwt with get-jwks",
  "aws-jwt-verify": "aws-jwt-verify", express: "express-oauth2-jwt-bearer",
  pyjwt: "PyJWT", joserfc: "joserfc", authlib: "Authlib", "python-jose": "python-jose",
  "go-oidc": "go-oidc", "golang-jwt": "golang-jwt with keyfunc", jwx: "jwx",
  nimbus: "Nimbus", spring: "Spring Security",
};

/** `{ name, language, code }` of every snippet. */
export const snippets = [...text.matchAll(/^```(\w+) verify=(\S+)\n([\s\S]*?)^```$/gm)]
  .map(([, language, name, code]) => ({ language, name, code }));

/** Whether the table says that a library verifies tokens of an algorithm. */
export function isClaimed(name, algorithm) {
  const row = text.split("\n").find((line) => line.startsWith(`| ${ROWS[name]} (`));
  if (row === undefined) throw new Error(`docs/verify.md has no row for ${name}`);
  const cells = row.split("|").slice(2).map((cell) => cell.trim());
  const cell = cells[ALGORITHMS.indexOf(algorithm)];
  if (!["yes", "no"].includes(cell)) throw new Error(`the table says ${cell} of ${name} and ${algorithm}`);
  return cell === "yes";
}

/** A snippet's code for one algorithm, with the test's addresses instead of the example's. */
export function codeFor({ code }, { algorithm, issuer, keys, audience }) {
  const renamed = code
    .replaceAll("https://id.example.com/jwks", `${keys}/jwks`)
    // This one puts the path behind the issuer's address itself.
    .replaceAll("domain: \"https://id.example.com\"", `domain: "${keys}"`)
    .replaceAll("https://id.example.com", issuer)
    .replaceAll("https://api.example.com", audience);
  return renamed.replaceAll("ES256", algorithm);
}

/** An empty directory `name` beside the tests. */
export const fresh = (name) => emptied(`${directory}${name}`);

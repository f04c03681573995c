// The snippets of docs/clients.md, with a test's addresses in them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { emptied } from "../generated.mjs";

export { write } from "../generated.mjs";

export const directory = fileURLToPath(new URL(".", import.meta.url));
const text = readFileSync(new URL("../../../docs/clients.md", import.meta.url), "utf8");

/** `{ name, language, callback, needs, code }` of every snippet. */
export const snippets = [...text.matchAll(/^```(\w+) client=(\S+) callback=(\S+)([^\n]*)\n([\s\S]*?)^```$/gm)]
  .map(([, language, name, callback, needs, code]) => ({ language, name, callback, needs: needs.trim(), code }));

export function snippet(name) {
  const found = snippets.find((snippet) => snippet.name === name);
  if (found === undefined) throw new Error(`docs/clients.md has no snippet for ${name}`);
  return found;
}

/** The members with which a client is declared, beside those that all have. */
export function declaration({ callback, needs }, base) {
  return { redirect_uris: [base + callback], ...needs === "pkce_optional" ? { pkce_optional: true } : {} };
}

/** A snippet's code for the server and client of a test, and for an application at `base`. */
export function codeFor({ code }, { issuer, client, base }) {
  return code
    .replaceAll("https://id.example.com", issuer)
    .replaceAll("https://portal.example.com", base)
    .replaceAll("\"portal\"", JSON.stringify(client.id))
    .replaceAll("process.env.CLIENT_SECRET", JSON.stringify(client.secret));
}

/** An empty directory `name` beside the tests. */
export const fresh = (name) => emptied(`${directory}${name}`);

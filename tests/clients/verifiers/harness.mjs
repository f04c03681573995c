// Runs generated modules over tokens: `node harness.mjs DIRECTORY CASES`. Prints `{ module: { token: "ok" or the refusal } }`.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [directory, cases] = process.argv.slice(2);
const modules = JSON.parse(await readFile(cases, "utf8"));

/** An application is asked over HTTP. */
async function asked(app) {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${server.address().port}/orders`;
  return async (token) => {
    const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    if (response.status !== 200) throw new Error(`status ${response.status} ${response.headers.get("www-authenticate")}`);
    return response.json();
  };
}

const results = {};
for (const { module, tokens, jwks } of modules) {
  results[module] = {};
  let verify;
  try {
    const loaded = await import(pathToFileURL(`${directory}/${module}.mjs`));
    // aws-jwt-verify fetches over https only, which there is none of on loopback.
    loaded.verifier?.cacheJwks(await (await fetch(jwks)).json());
    verify = loaded.verify ?? await asked(loaded.default);
  } catch (error) {
    verify = () => { throw error; };
  }
  for (const [name, token] of Object.entries(tokens)) {
    try {
      const claims = await verify(token);
      results[module][name] = claims.sub ? "ok" : "no subject";
    } catch (error) {
      results[module][name] = `${error.message}`;
    }
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));

// What a sidecar or a service mesh does for a program: gets a token that is meant for it and leaves it in a file, a new one
// before the old one ends.
import { rename, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Keeps the file fresh until `signal` fires; returns when the first token is there. */
export async function inject({ issuer, secret, file, signal }) {
  const lifetime = await write({ issuer, secret, file });
  keep({ issuer, secret, file, signal }, lifetime).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

async function keep(options, lifetime) {
  let seconds = lifetime;
  for (;;) {
    await sleep(seconds * 500, undefined, { signal: options.signal });
    seconds = await write(options);
  }
}

async function write({ issuer, secret, file }) {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`sidecar:${secret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`no token for the stock report: ${answer.error}`);
  // Whoever reads the file finds one token or the other, never half of one.
  await writeFile(`${file}.new`, answer.access_token, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return answer.expires_in;
}

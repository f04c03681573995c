// What the tests start with: where `examples/mcp-server` runs, and a person with an account there who signs in and permits.
//
// `cargo xtask test --only clients` starts the example and sets the variables.
import { createServer } from "node:http";
import { once } from "node:events";

import { Browser } from "../node/browser.mjs";

export const [ISSUER, RESOURCE, LOGIN, PASSWORD] = ["ISSUER", "RESOURCE", "LOGIN", "PASSWORD"].map((name) => {
  if (!process.env[name]) throw new Error(`${name} is not set; \`cargo xtask test --only clients\` sets it`);
  return process.env[name];
});

/** A redirect URI that nobody listens at: the browser stays where it is sent. */
export const REDIRECT_URI = "http://localhost:49152/callback";

/** Signs in at an authorization request and permits it. Returns where the browser ends, which are `hosts` too if a client listens there. */
export async function authorize(url, hosts = ["127.0.0.1"]) {
  const browser = new Browser(hosts);
  let page = await browser.open(url);
  page = await browser.submit(page, { username: LOGIN, password: PASSWORD, action: "login" });
  // Anybody could listen on a loopback address (RFC 8252 §8.6), so Mintedge always asks.
  page = await browser.submit(page, { action: "allow" });
  return page.url;
}

/** The parameters of the answer to an authorization request. */
export async function answered(url) {
  return (await authorize(url)).searchParams;
}

/** A port that nobody listens at. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The first address of an authorization request in what a program prints; fails if the program ends without one. */
export function printedRequest(program) {
  let text = "";
  return new Promise((resolve, reject) => {
    const look = (chunk) => {
      text += chunk;
      const [found] = text.match(/http:\/\/127\.0\.0\.1:\d+\/authorize\?\S+(?=\s)/) ?? [];
      if (found) resolve(found);
    };
    program.stdout.on("data", look);
    program.stderr.on("data", look);
    program.on("exit", (code) => reject(new Error(`it ended with ${code}: ${text}`)));
  });
}

// Switches the television on. With `--check` somebody approves it at once, without a browser, and says no to another one.
import assert from "node:assert/strict";

import { begin, discover, poll, refresh, screen, whose } from "./telly.mjs";

const { ISSUER, LOGIN, PASSWORD } = process.env;
const server = await discover(ISSUER);

async function watch() {
  for (;;) {
    const begun = await begin(server);
    console.log(screen(begun));
    try {
      const tokens = await poll(server, begun);
      console.log(`\n  Connected: this is ${(await whose(server, tokens)).email}’s television.\n`);
      await refresh(server, tokens.refresh_token);
      return;
    } catch (error) {
      console.log(`\n  ${error.message === "access_denied" ? "Somebody said no." : error.message} Once more:\n`);
    }
  }
}

/** Somebody with a browser: cookies, and forms that are sent with what they carry hidden. */
class Person {
  #cookies = new Map();

  async #open(path, body) {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const headers = { cookie, accept: "text/html" };
    const response = await fetch(new URL(path, ISSUER), { method: body ? "POST" : "GET", body, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      this.#cookies.set(name, value);
    }
    const location = response.headers.get("location");
    return location ? this.#open(location) : response.text();
  }

  #submit(page, fields) {
    const [form] = page.match(/<form[\s\S]*?<\/form>/);
    const hidden = [...form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
    return this.#open(form.match(/action="([^"]*)"/)[1], new URLSearchParams([...hidden, ...Object.entries(fields)]));
  }

  /** Follows the link of the QR code, signs in, compares the code, and answers. */
  async decide({ verification_uri_complete: link, user_code: code }, action) {
    let page = await this.#open(link);
    if (page.includes("name=\"password\"")) page = await this.#submit(page, { username: LOGIN, password: PASSWORD, action: "login" });
    assert.ok(page.includes(code), "the code is shown, to be compared");
    page = await this.#submit(page, { action: "continue" });
    assert.match(page, /See your channels and what is on/);
    return this.#submit(page, { action });
  }
}

async function check() {
  const person = new Person();
  const begun = await begin(server);
  console.log(screen(begun));
  const polling = poll(server, begun);
  assert.match(await person.decide(begun, "allow"), /Device allowed/);
  const tokens = await polling;
  assert.equal((await whose(server, tokens)).email, LOGIN);
  assert.ok((await refresh(server, tokens.refresh_token)).access_token);
  const unwanted = await begin(server);
  const waiting = assert.rejects(poll(server, unwanted), /access_denied/);
  assert.match(await person.decide(unwanted, "deny"), /Device not allowed/);
  await waiting;
  console.log("\nThe television is connected, and the one that was refused isn't.");
}

if (process.argv.includes("--check")) await check();
else await watch();

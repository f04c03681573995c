// A browser without a screen: cookies, redirects and forms, for pages that need no script.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: "\"", "#39": "'" };
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MOST_REDIRECTS = 20;

function unescape(text) {
  return text.replace(/&(#?\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}

function attribute(tag, name) {
  const found = tag.match(new RegExp(`\\s${name}="([^"]*)"`));
  return found && unescape(found[1]);
}

/** Where a page leads on to at once. */
function onward(body) {
  const found = body.match(/<meta http-equiv="refresh" content="0;url=([^"]*)">/);
  return found && unescape(found[1]);
}

/** What a browser has arrived at. Outside its `hosts` it only knows the address. */
export class Page {
  constructor(url, response, body) {
    this.url = new URL(url);
    this.status = response?.statusCode;
    this.body = body ?? "";
  }

  /** The first form: where it leads and its hidden fields. */
  get form() {
    const [, tag, inside] = this.body.match(/<form([^>]*)>([\s\S]*?)<\/form>/) ?? [];
    if (tag === undefined) throw new Error(`no form at ${this.url} (${this.status}): ${this.body}`);
    const hidden = [...inside.matchAll(/<input[^>]*>/g)].map(([input]) => input)
      .filter((input) => attribute(input, "type") === "hidden");
    return {
      action: new URL(attribute(tag, "action") ?? "", this.url),
      fields: hidden.map((input) => [attribute(input, "name"), attribute(input, "value") ?? ""]),
    };
  }

  /** The first link that leads to `path`. */
  link(path) {
    const links = [...this.body.matchAll(/<a[^>]*>/g)].map(([tag]) => attribute(tag, "href") ?? "");
    const link = links.find((href) => new URL(href, this.url).pathname.endsWith(path));
    if (link === undefined) throw new Error(`no link to ${path} at ${this.url}: ${this.body}`);
    return new URL(link, this.url);
  }
}

export class Browser {
  #cookies = new Map();
  // What tells a browser from a script, and an address: guesses are damped by address, and the local runtime believes
  // the header that Cloudflare would overwrite.
  #headers = {
    accept: "text/html,application/xhtml+xml,*/*;q=0.8",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "cf-connecting-ip": `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`,
  };

  /** Opens only addresses on `hosts`: a redirect to any other one is where the browser stays. */
  constructor(hosts = ["127.0.0.1"]) {
    this.hosts = hosts;
  }

  open(url) {
    return this.#follow({ url: new URL(url), method: "GET" });
  }

  /** Sends a page's form with more fields. */
  submit(page, fields = {}) {
    const { action, fields: hidden } = page.form;
    const body = new URLSearchParams([...hidden, ...Object.entries(fields)]).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded", origin: page.url.origin };
    return this.#follow({ url: action, method: "POST", headers, body });
  }

  async #follow(first) {
    let next = first;
    for (let count = 0; count < MOST_REDIRECTS; count += 1) {
      if (!this.hosts.includes(next.url.hostname)) return new Page(next.url);
      const response = await this.#send(next);
      const body = Buffer.concat(await response.toArray()).toString();
      const location = REDIRECTS.has(response.statusCode) ? response.headers.location : onward(body);
      if (!location) return new Page(next.url, response, body);
      next = { url: new URL(location, next.url), method: "GET" };
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects, the last to ${next.url}`);
  }

  // Not fetch(): that says of every request that a script makes it.
  async #send({ url, method, headers, body }) {
    const cookies = this.#cookies.get(url.hostname) ?? new Map();
    this.#cookies.set(url.hostname, cookies);
    const cookie = cookies.size > 0 ? { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") } : {};
    const sent = request(url, { method, headers: { ...this.#headers, ...headers, ...cookie }, timeout: 120_000 });
    sent.on("timeout", () => sent.destroy(new Error(`no answer from ${url}`)));
    sent.end(body);
    const [response] = await once(sent, "response");
    for (const line of response.headers["set-cookie"] ?? []) store(cookies, line);
    return response;
  }
}

function store(cookies, line) {
  const [pair, ...attributes] = line.split(";").map((part) => part.trim());
  const name = pair.slice(0, pair.indexOf("="));
  const value = (key) => attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const age = value("max-age");
  const expired = age === undefined ? Date.parse(value("expires")) <= Date.now() : Number(age) <= 0;
  if (expired) {
    cookies.delete(name);
  } else {
    cookies.set(name, pair.slice(name.length + 1));
  }
}

// Chromium, what it complains about, and what axe finds. Images come from nowhere but here.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import axe from "axe-core";
import { chromium } from "playwright-core";

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <rect width="64" height="64" rx="16" fill="#c2410c"/><path d="M18 46 32 16l14 30" fill="none"
  stroke="#fff" stroke-width="6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

/** Starts it; `port`, if any, is where every *.example name leads. */
export function launch(port) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(`no browser at ${executablePath}: install Debian's chromium or set CHROMIUM`);
  }
  const args = port ? [`--host-resolver-rules=MAP *.example 127.0.0.1:${port}`] : [];
  if (process.getuid?.() === 0) {
    args.push("--no-sandbox");
  }
  return chromium.launch({ executablePath, args });
}

/** A page that notes everything the browser complains about in `complaints`. */
export async function watch(context) {
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isStatus(message)) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  return { page, complaints };
}

/** The same, with images and a shop. Playwright answers preflight requests itself once a page has routes. */
export async function open(context) {
  const { page, complaints } = await watch(context);
  await page.route("https://images.example.com/**", (route) => route.fulfill({
    contentType: "image/svg+xml",
    body: LOGO,
  }));
  await page.route("https://shop.example.com/**", (route) => route.fulfill({
    contentType: "text/html",
    body: "<!doctype html><title>Shop</title><h1>Shop</h1>",
  }));
  return { page, complaints };
}

export async function assertAccessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  assert.deepEqual(found, []);
}

/** An error page's own status is no complaint, nor is that there is no icon where Chromium looks for one unasked. */
function isStatus(message) {
  const { url } = message.location();
  if (url.endsWith("/favicon.ico")) return true;
  return /status of (400|500|503)/.test(message.text()) && /error|refused|link|busy/.test(url);
}

// Somebody connects a device with Chromium: on a phone and a desktop, light and dark, typed and by the link of a QR code.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { application, useSignUp } from "../clients/node/login.mjs";
import { issuer } from "../clients/node/setup.mjs";
import { launch } from "./browser.mjs";
import { assertIs, customer, signIn, withPage as run } from "./people.mjs";

useSignUp(before);

const SCREENSHOTS = new URL("../../target/pages/", import.meta.url).pathname;
const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

let browser;
let tv;

before(async () => {
  browser = await launch();
  tv = await application({
    client_name: "Acme TV",
    grant_types: [DEVICE, "refresh_token"],
    token_endpoint_auth_method: "none",
    redirect_uris: [],
    post_logout_redirect_uris: [],
  });
});

after(() => browser?.close());

const withPage = (look, options) => run(browser, look, options);

async function post(path, fields) {
  const body = new URLSearchParams({ client_id: tv.id, ...fields });
  return (await fetch(`${issuer}${path}`, { method: "POST", body })).json();
}

const begin = (fields = {}) => post("/device_authorization", { scope: "openid profile email", ...fields });
const poll = (begun) => post("/token", { grant_type: DEVICE, device_code: begun.device_code });

async function look(page, name) {
  await page.screenshot({ path: `${SCREENSHOTS}journey-device-${name}.png`, fullPage: true });
}

for (const [name, options] of Object.entries({
  "phone-light": { ...PHONE, colorScheme: "light" },
  "phone-dark": { ...PHONE, colorScheme: "dark" },
  "desktop-light": { colorScheme: "light" },
  "desktop-dark": { colorScheme: "dark" },
})) {
  test(`a code is typed and the device allowed: ${name}`, () => withPage(async (page) => {
    const person = await customer();
    const begun = await begin();
    await page.goto(`${issuer}/device`);
    await assertIs(page, /^Sign in$/);
    await look(page, `${name}-1-sign-in`);
    await signIn(page, person);
    await page.waitForSelector("#user_code");
    await assertIs(page, /^Connect a device$/);
    await look(page, `${name}-2-code`);
    await page.fill("#user_code", "bbbb bbbb");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=alert]");
    await assertIs(page, /^Connect a device$/);
    await page.fill("#user_code", begun.user_code.toLowerCase().replace("-", " "));
    await page.keyboard.press("Enter");
    await page.waitForSelector("#allow");
    await assertIs(page, /^Connect Acme TV to your account\?$/);
    await look(page, `${name}-3-question`);
    const shown = await page.textContent("main");
    for (const text of [begun.user_code, "just now", person.email, "Your email address", "Did you start this yourself?"]) {
      assert.ok(shown.includes(text), `${text}: ${shown}`);
    }
    assert.equal((await poll(begun)).error, "authorization_pending");
    await page.click("#allow");
    await page.waitForSelector("#account");
    await assertIs(page, /^Device allowed$/);
    await look(page, `${name}-4-done`);
    assert.ok((await poll(begun)).access_token);
    // The account page shows it, and takes it away again.
    await page.click("#account");
    assert.ok((await page.textContent("main")).includes("Acme TV"));
  }, options));
}

test("the link of a QR code is compared first, without JavaScript too", () => withPage(async (page) => {
  const person = await customer();
  const begun = await begin();
  await page.goto(begun.verification_uri_complete);
  await signIn(page, person);
  await page.waitForSelector(".code");
  assert.equal(await page.textContent("p.code"), begun.user_code);
  await look(page, "link");
  await page.click("#continue");
  await page.click("#deny");
  await page.waitForSelector("#account");
  assert.match(await page.textContent("h1"), /^Device not allowed$/);
  assert.equal((await poll(begun)).error, "access_denied");
}, { ...PHONE, javaScriptEnabled: false }));

test("the QR code is one that shows", () => withPage(async (page) => {
  const begun = await begin({ qr_code: "svg" });
  await page.setContent(`<!doctype html><html lang="en"><title>TV</title><body><h1>Telly</h1>
    <img alt="${begun.verification_uri_complete}" width="400" height="400"></body></html>`);
  await page.evaluate((svg) => { document.querySelector("img").src = `data:image/svg+xml,${encodeURIComponent(svg)}`; }, begun.qr_code);
  await page.waitForFunction(() => document.querySelector("img").naturalWidth > 0);
  await look(page, "qr");
  assert.ok(begun.qr_code.length < 8000, `${begun.qr_code.length} characters`);
}));

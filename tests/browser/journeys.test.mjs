// What people do that no application has in mind: bookmarks, second tabs, the back button, lost cookies, old links.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before, describe, test } from "node:test";

import { PASSWORD, application, authorizationRequest, useSignUp } from "../clients/node/login.mjs";
import { admin, issuer } from "../clients/node/setup.mjs";
import { openShop } from "../clients/node/shop.mjs";
import { assertAccessible, launch } from "./browser.mjs";
import { assertIs, customer, heading, signIn, withPage as run } from "./people.mjs";

useSignUp(before);

const SCREENSHOTS = new URL("../../target/pages/", import.meta.url).pathname;

let browser;
let shop;
let asking;
let elsewhere;

before(async () => {
  elsewhere = await openElsewhere();
  browser = await launch(elsewhere.port);
  shop = await openShop(() => ({ first_party: true, client_name: "House Shop" }));
  asking = await openShop();
});

after(async () => {
  await browser?.close();
  for (const server of [shop, asking, elsewhere]) server?.close();
});

const withPage = (look, options) => run(browser, look, options);

/** Has somebody with an account arrive at `at`. */
async function arrive(page, at = shop) {
  const person = await customer();
  await page.goto(`${at.origin}/login`);
  await signIn(page, person);
  await page.waitForURL(`${at.origin}/callback?**`);
  return person;
}

describe("an address opened by hand", () => {
  for (const [path, title, status] of [
    ["/", /^Sign in$/, 200],
    ["/account", /^Sign in$/, 200],
    ["/login", /^Sign in$/, 200],
    ["/consent", /^Sign in$/, 200],
    ["/no/such/page", /no page here/, 404],
    ["/token", /nothing to see here/, 405],
    ["/userinfo", /nothing to see here/, 401],
    ["/admin/v1/config", /nothing to see here/, 401],
    ["/password?token=mel_old", /link doesn’t work any more/, 400],
    ["/sign-up", /out of date/, 403],
    ["/logout", /signed out/, 200],
    [`/authorize?client_id=nobody`, /can’t take you to that application/, 400],
  ]) {
    test(path, () => withPage(async (page) => {
      const response = await page.goto(issuer + path);
      assert.equal(response.status(), status);
      await assertIs(page, title);
      // There is a way on from each, and it leads somewhere.
      if (!(await page.locator("#password").count())) {
        await page.click("main a");
        await assertIs(page, /^Sign in$/);
      }
    }, { expected: [/status of 4\d\d/] }));
  }

  test("the account asks who it is and comes back", () => withPage(async (page) => {
    const person = await customer();
    await page.goto(`${issuer}/account`);
    await page.screenshot({ path: `${SCREENSHOTS}journey-account-signed-out.png` });
    await signIn(page, person, "not it");
    await page.waitForSelector("[role=alert]");
    assert.equal(await page.inputValue("#username"), person.email);
    await signIn(page, person);
    await page.waitForURL(`${issuer}/account`);
    assert.ok((await page.textContent("main")).includes(person.email));
    await page.goto(`${issuer}/login`);
    await assertIs(page, /^Your account$/);
    await page.goto(`${shop.origin}/login`);
    assert.equal(await heading(page), "Hello Ada Lovelace");
  }, { javaScriptEnabled: true }));

  test("the account, without JavaScript", () => withPage(async (page) => {
    const person = await customer();
    await page.goto(`${issuer}/account`);
    await signIn(page, person);
    await page.waitForURL(`${issuer}/account`);
    assert.ok((await page.textContent("main")).includes(person.email));
  }, { javaScriptEnabled: false }));
});

describe("several tabs", () => {
  test("the second goes on after a login in the first", () => withPage(async (page) => {
    const person = await customer();
    const second = await page.context().newPage();
    await page.goto(`${shop.origin}/login`);
    await second.goto(`${shop.origin}/login`);
    await signIn(page, person);
    await page.waitForURL(`${shop.origin}/callback?**`);
    assert.equal(await heading(page), "Hello Ada Lovelace");
    await signIn(second, person);
    await second.waitForURL(`${shop.origin}/callback?**`);
    assert.equal(await heading(second), "Hello Ada Lovelace");
  }));

  test("what was asked before a sign-out is asked again after it", () => withPage(async (page) => {
    const person = await customer();
    await page.goto(`${asking.origin}/login`);
    await signIn(page, person);
    await page.waitForSelector("#allow");
    const second = await page.context().newPage();
    await second.goto(`${issuer}/logout`);
    await second.click("#logout");
    await second.waitForSelector("#login");
    await page.click("#allow");
    await page.waitForSelector("#password");
    await assertIs(page, /^Sign in$/);
    await signIn(page, person);
    await page.waitForSelector("#allow");
    await page.click("#allow");
    await page.waitForURL(`${asking.origin}/callback?**`);
    assert.equal(await heading(page), "Hello Ada Lovelace");
  }));
});

test("a button pressed twice does no harm", () => withPage(async (page) => {
  const person = await customer();
  await page.goto(`${shop.origin}/login`);
  await page.fill("#username", person.email);
  await page.fill("#password", PASSWORD);
  await page.dblclick("#login", { noWaitAfter: true });
  await page.waitForURL(`${shop.origin}/callback?**`);
  assert.equal(await heading(page), "Hello Ada Lovelace");
}));

test("the back button leads to a page that still works", () => withPage(async (page) => {
  const person = await arrive(page);
  await page.goBack();
  // The page of the way is left out, or leads on again.
  for (let steps = 0; steps < 3 && !(await page.locator("#password").count()); steps += 1) {
    if (page.url().startsWith(shop.origin)) return;
    await page.goBack();
  }
  await signIn(page, person);
  await page.waitForURL(`${shop.origin}/callback?**`);
  assert.equal(await heading(page), "Hello Ada Lovelace");
}));

describe("cookies", () => {
  test("lost on the way are told of, and the way goes on", () => withPage(async (page) => {
    const person = await customer();
    await page.goto(`${shop.origin}/login`);
    await page.context().clearCookies();
    await signIn(page, person);
    await page.waitForSelector("[role=alert]");
    assert.match(await page.textContent("[role=alert]"), /Allow cookies/);
    await page.screenshot({ path: `${SCREENSHOTS}journey-cookies.png` });
    await assertAccessible(page);
    await signIn(page, person);
    await page.waitForURL(`${shop.origin}/callback?**`);
    assert.equal(await heading(page), "Hello Ada Lovelace");
  }));

  test("that a browser never keeps end in the same advice", () => withPage(async (page) => {
    await page.route(`${issuer}/**`, async (route) => {
      const headers = { ...await route.request().allHeaders() };
      delete headers.cookie;
      await route.continue({ headers });
    });
    const person = await customer();
    await page.goto(`${shop.origin}/login`);
    for (let times = 0; times < 2; times += 1) {
      await page.context().clearCookies();
      await signIn(page, person);
      await page.waitForSelector("[role=alert]");
      assert.match(await page.textContent("[role=alert]"), /Allow cookies/);
    }
  }));
});

test("another site can't sign anybody out", () => withPage(async (page) => {
  await arrive(page);
  await page.goto(`http://evil.example/attack?to=${encodeURIComponent(`${issuer}/logout`)}`);
  await page.waitForURL(`${issuer}/logout`);
  await assertIs(page, /^Sign out\?$/);
  await page.click("#stay");
  await page.waitForURL(`${issuer}/account`);
  await assertIs(page, /^Your account$/);
}));

test("a page that says goodbye leads back in", () => withPage(async (page) => {
  const person = await arrive(page);
  await page.goto(`${issuer}/account`);
  await page.click("#end_all");
  await page.waitForURL(`${issuer}/logout`);
  await assertIs(page, /signed out$/);
  await page.click("main a");
  await signIn(page, person);
  await page.waitForURL(`${issuer}/account`);
}));

test("a new password leads to the account", () => withPage(async (page) => {
  const person = await customer();
  const user = encodeURIComponent(person.email);
  const { link } = await (await admin("POST", `users/${user}/reset`)).json();
  await page.goto(link);
  for (const name of ["password", "password_again"]) await page.fill(`#${name}`, "another fine password");
  await page.click("#sign_up");
  await assertIs(page, /password is saved/);
  await page.screenshot({ path: `${SCREENSHOTS}journey-password-set.png` });
  await page.click("main a");
  await signIn(page, person, "another fine password");
  await page.waitForURL(`${issuer}/account`);
  await page.goto(link);
  await assertIs(page, /link doesn’t work any more/);
}, { expected: [/status of 400/] }));

test("a refused address is shown to whoever looks", () => withPage(async (page) => {
  await page.goto(`${shop.origin}/login?redirect_uri=https://evil.example/callback`);
  await assertIs(page, /can’t take you to that application/);
  const address = page.getByText("https://evil.example/callback");
  assert.equal(await address.isVisible(), false);
  await page.click("summary");
  assert.equal(await address.isVisible(), true);
  await page.screenshot({ path: `${SCREENSHOTS}journey-refused-address.png`, fullPage: true });
  await assertAccessible(page);
}, { expected: [/status of 400/] }));

test("an application may ask for a new account", () => withPage(async (page) => {
  await page.goto(`${shop.origin}/login?prompt=create`);
  await assertIs(page, /^Create your account$/);
  await page.click("text=Sign in");
  await assertIs(page, /^Sign in$/);
  const person = await customer();
  await signIn(page, person);
  await page.waitForURL(`${shop.origin}/callback?**`);
}));

describe("an application that leads on", () => {
  for (const [where, arrived] of [
    ["to another host", "http://other.example/home"],
    ["to an app's own scheme", "claude://mcp/callback"],
  ]) {
    test(where, () => withPage(async (page) => {
      const redirect = `${elsewhere.origin}/callback?then=${encodeURIComponent(arrived)}`;
      const app = await application({ client_name: "Acme Shop", first_party: false, redirect_uris: [redirect] });
      const { url } = await authorizationRequest(app, { redirect_uri: redirect });
      const person = await customer();
      await page.goto(url.href);
      await signIn(page, person);
      await page.waitForSelector("#allow");
      // Chromium asks for what it doesn't open as well.
      const session = await page.context().newCDPSession(page);
      await session.send("Network.enable");
      const asked = new Promise((resolve) => {
        session.on("Network.requestWillBeSent", ({ request: { url: next } }) => {
          if (next.startsWith(arrived)) resolve(next);
        });
      });
      await page.click("#allow", { noWaitAfter: true });
      assert.match(await asked, /\?code=meo_/);
      assert.equal(elsewhere.callbacks.length > 0, true);
    }, { expected: [/Failed to launch/] }));
  }
});

test("a deployment under another name than its issuer's says what to set", async () => {
  const { port } = new URL(issuer);
  const answer = await new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: "/", headers: { host: "id.example", accept: "text/html" } });
    sent.on("response", async (response) => {
      resolve({ status: response.statusCode, text: Buffer.concat(await response.toArray()).toString() });
    });
    sent.on("error", reject).end();
  });
  assert.equal(answer.status, 500);
  assert.match(answer.text, /set ISSUER to the public https URL/);
});

/** Another site: an attacker's page, and an application's address that leads on to wherever it was told to. */
async function openElsewhere() {
  const callbacks = [];
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url, "http://any.example");
    if (url.pathname === "/callback") {
      callbacks.push(url.search);
      const then = url.searchParams.get("then");
      response.writeHead(302, { location: `${then}?code=${url.searchParams.get("code")}` }).end();
      return;
    }
    const form = `<form method="post" action="${url.searchParams.get("to")}"></form>
      <script>document.forms[0].submit()</script>`;
    const text = url.pathname === "/attack" ? form : "<h1>Home</h1>";
    response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>Elsewhere</title>${text}`);
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const { port } = server.address();
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port, origin: `http://127.0.0.1:${port}`, callbacks, close };
}

// People log in with Chromium at an application that uses openid-client: every page of the server as it is served.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { PASSWORD, Person, useSignUp } from "../clients/node/login.mjs";
import { issuer } from "../clients/node/setup.mjs";
import { openShop } from "../clients/node/shop.mjs";
import { assertAccessible, launch } from "./browser.mjs";
import { assertIs, customer, heading, signIn, withPage as run } from "./people.mjs";

useSignUp(before);

let browser;
let shop;
let trusted;

before(async () => {
  browser = await launch();
  shop = await openShop();
  trusted = await openShop(() => ({ first_party: true, client_name: "House Shop" }));
});

after(async () => {
  await browser?.close();
  shop?.close();
  trusted?.close();
});

const withPage = (look, options) => run(browser, look, options);

/** Somebody with an account who has just signed in at `at`, one that asks no further questions. */
async function signedIn(page, at = trusted) {
  const person = await customer();
  await page.goto(`${at.origin}/login`);
  await signIn(page, person);
  await page.waitForURL(`${at.origin}/callback?**`);
  return person;
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  test(`somebody signs in and consents ${how} JavaScript`, () => withPage(async (page) => {
    const person = await customer();
    const check = () => (javaScriptEnabled ? assertAccessible(page) : undefined);
    await page.goto(`${shop.origin}/login`);
    await check();
    await signIn(page, person);
    await page.waitForURL(`${issuer}/login`);
    assert.match(await heading(page), /Acme Shop asks for access/);
    await check();
    await page.click("#allow");
    await page.waitForURL(`${shop.origin}/callback?**`);
    assert.equal(await heading(page), "Hello Ada Lovelace");
    assert.equal(await page.textContent("p"), person.email);
    // The second time nobody is asked anything.
    await page.goto(`${shop.origin}/login`);
    assert.equal(await heading(page), "Hello Ada Lovelace");
  }, { javaScriptEnabled }));
}

test("somebody new makes an account on the way", () => withPage(async (page) => {
  const person = new Person();
  await page.goto(`${trusted.origin}/login`);
  await page.click("text=Create an account");
  await assertIs(page, /^Create your account$/);
  const fields = { email: "nonsense@", name: "Grace Hopper", password: PASSWORD, password_again: `${PASSWORD}!` };
  for (const [name, value] of Object.entries(fields)) await page.fill(`#${name}`, value);
  await page.click("#sign_up");
  assert.equal(await page.evaluate(() => document.activeElement.id), "email");
  await page.fill("#email", person.email);
  await page.click("#sign_up");
  await page.waitForSelector("[role=alert]");
  await assertIs(page, /^Create your account$/);
  assert.equal(await page.inputValue("#email"), person.email);
  for (const name of ["password", "password_again"]) await page.fill(`#${name}`, PASSWORD);
  await page.click("#sign_up");
  await page.waitForURL(`${trusted.origin}/callback?**`);
  assert.equal(await heading(page), "Hello Grace Hopper");
}));

test("a wrong password is said, and the right one works then", () => withPage(async (page) => {
  const person = await customer();
  await page.goto(`${trusted.origin}/login`);
  await signIn(page, person, "wrong");
  await page.waitForSelector("[role=alert]");
  assert.match(await page.textContent("[role=alert]"), /don’t match/);
  await assertIs(page, /^Sign in$/);
  assert.match(await page.title(), /^Error/);
  await signIn(page, person);
  await page.waitForURL(`${trusted.origin}/callback?**`);
}));

describe("saying no", () => {
  test("on the sign-in page", () => withPage(async (page) => {
    await page.goto(`${shop.origin}/login`);
    await page.click("#cancel");
    await page.waitForURL(`${shop.origin}/callback?**`);
    assert.equal(await page.textContent("p"), "access_denied");
  }));

  test("when asked for consent", () => withPage(async (page) => {
    const person = await customer();
    await page.goto(`${shop.origin}/login`);
    await signIn(page, person);
    await page.click("#deny");
    await page.waitForURL(`${shop.origin}/callback?**`);
    assert.equal(await page.textContent("p"), "access_denied");
  }));
});

describe("prompt", () => {
  test("login asks for the password again", () => withPage(async (page) => {
    const person = await signedIn(page);
    await page.goto(`${trusted.origin}/login?prompt=login`);
    await assertIs(page, /^Sign in$/);
    await signIn(page, person);
    await page.waitForURL(`${trusted.origin}/callback?**`);
  }));

  test("select_account asks which account", () => withPage(async (page) => {
    const person = await signedIn(page);
    await page.goto(`${trusted.origin}/login?prompt=select_account`);
    await assertAccessible(page);
    assert.ok((await page.textContent("main")).includes(person.email));
    await page.click("#continue");
    await page.waitForURL(`${trusted.origin}/callback?**`);
  }));

  test("none shows no page", () => withPage(async (page) => {
    await page.goto(`${trusted.origin}/login?prompt=none`);
    assert.equal(await page.textContent("p"), "login_required");
  }));
});

test("form_post brings the answer in a POST", () => withPage(async (page) => {
  const person = await customer();
  await page.goto(`${trusted.origin}/login?response_mode=form_post`);
  await signIn(page, person);
  await page.waitForURL(`${trusted.origin}/callback`);
  assert.equal(await heading(page), "Hello Ada Lovelace");
}));

test("somebody whom an application sends with a wrong address is not sent on", () => withPage(async (page) => {
  await page.goto(`${trusted.origin}/login?redirect_uri=https://evil.example/callback`);
  assert.equal(new URL(page.url()).origin, issuer);
  await assertAccessible(page);
}, { expected: [/status of 400/] }));

describe("the account page", () => {
  test("shows applications and takes access away", () => withPage(async (page) => {
    const person = await customer();
    await page.goto(`${shop.origin}/login`);
    await signIn(page, person);
    await page.click("#allow");
    await page.waitForURL(`${shop.origin}/callback?**`);
    await page.goto(`${issuer}/account`);
    await assertAccessible(page);
    assert.ok((await page.textContent("main")).includes(person.email));
    await page.getByRole("button", { name: "Remove access (Acme Shop)" }).click();
    await page.waitForSelector("[role=status]");
    await assertAccessible(page);
    await page.goto(`${shop.origin}/login`);
    await assertIs(page, /asks for access/);
  }));

  test("changes the password", () => withPage(async (page) => {
    const person = await signedIn(page);
    await page.goto(`${issuer}/account`);
    const change = async (current, next) => {
      await page.fill("#current_password", current);
      for (const name of ["password", "password_again"]) await page.fill(`#${name}`, next);
      await page.click("#change_password");
      await page.waitForSelector("[role=status], [role=alert]");
      await assertAccessible(page);
    };
    await change("not it", "another fine password");
    assert.ok(await page.locator("[role=alert]").count() > 0);
    await change(PASSWORD, "another fine password");
    assert.equal(await page.locator("[role=status]").count(), 1);
    await page.goto(`${trusted.origin}/login?prompt=login`);
    await signIn(page, person, "another fine password");
    await page.waitForURL(`${trusted.origin}/callback?**`);
  }));
});

describe("signing out", () => {
  test("is confirmed where nothing proves who asks", () => withPage(async (page) => {
    await signedIn(page);
    await page.goto(`${trusted.origin}/logout?forgetful`);
    await assertIs(page, /^Sign out\?$/);
    await page.click("#stay");
    await page.waitForURL(`${issuer}/account`);
    await page.goto(`${trusted.origin}/logout?forgetful`);
    await page.click("#logout");
    await page.waitForURL(`${trusted.origin}/signed-out`);
    await page.goto(`${trusted.origin}/login?prompt=none`);
    assert.equal(await page.textContent("p"), "login_required");
  }));

  describe("at every application", () => {
    let other;
    before(async () => {
      other = await openShop((origin) => ({
        first_party: true,
        frontchannel_logout_uri: `${origin}/frontchannel?shop=other`,
      }));
    });
    beforeEach(() => other.frames.splice(0));
    after(() => other?.close());

    async function assertTold() {
      const { sid } = other.tokens.claims();
      assert.deepEqual(other.frames, [{ shop: "other", iss: issuer, sid }]);
    }

    async function signedInTwice(page) {
      await signedIn(page, other);
      await page.goto(`${trusted.origin}/login`);
      assert.equal(await heading(page), "Hello Ada Lovelace");
    }

    test("ends on a page of the server where there is nowhere to go back to", () => withPage(async (page) => {
      await signedInTwice(page);
      await page.goto(`${issuer}/logout`);
      const told = page.waitForResponse((response) => response.url().startsWith(`${other.origin}/frontchannel`));
      await page.click("#logout");
      await (await told).finished();
      await assertIs(page, /signed out$/);
      await assertTold();
    }));

    test("leads back once the others were told", () => withPage(async (page) => {
      await signedInTwice(page);
      await page.goto(`${trusted.origin}/logout`, { waitUntil: "commit" });
      await page.waitForURL(`${trusted.origin}/signed-out`);
      assert.equal(await heading(page), "Goodbye");
      await assertTold();
    }));
  });
});

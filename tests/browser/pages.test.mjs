// Every rendered page in Chromium: on a phone and a desktop, light and dark. Screenshots go to target/pages.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { assertAccessible, launch, open } from "./browser.mjs";
import { pages, serve } from "./server.mjs";

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
const SCREENSHOTS = new URL("../../target/pages/", import.meta.url).pathname;

let server;
let browser;

before(async () => {
  server = await serve();
  browser = await launch(server.port);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** A name that browsers trust without TLS. */
const address = (file) => `http://localhost:${server.port}/${file}`;

/** Runs `look` with a fresh page and all that the browser complains about. */
async function withPage(options, look) {
  const context = await browser.newContext({ viewport: SIZES.desktop, ...options });
  try {
    const { page, complaints } = await open(context);
    await look(page, complaints);
  } finally {
    await context.close();
  }
}

/** Keeps a page that submits or refreshes itself where it is. */
async function hold(page) {
  await page.route("**/assets/submit.js", (route) => route.fulfill({ body: "" }));
  await page.route(/\/(signed_out_frames|leaving)\.html$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/<meta http-equiv="refresh".*>/, "") });
  });
}

async function assertFits(page) {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels too wide`);
}

for (const size of Object.keys(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    // Themes differ in color only: once in light and once in dark will do for those that aren't the first.
    const all = (size === "phone") === (colorScheme === "light");
    const seen = pages.filter(({ file }) => all || file.startsWith("plain/"));
    describe(`${size}, ${colorScheme}`, { concurrency: 2 }, () => {
      for (const { file } of seen) {
        test(file, () => withPage({ viewport: SIZES[size], colorScheme }, async (page, complaints) => {
          await hold(page);
          await page.goto(address(file));
          const name = file.replace(".html", "").replace("/", "-");
          await page.screenshot({ path: `${SCREENSHOTS}${name}-${size}-${colorScheme}.png`, fullPage: true });
          await assertAccessible(page);
          await assertFits(page);
          assert.deepEqual(complaints, []);
        }));
      }
    });
  }
}

test("nothing is wider than the narrowest phone", async () => {
  await withPage({ viewport: { width: 320, height: 568 }, javaScriptEnabled: false }, async (page) => {
    await hold(page);
    for (const { file } of pages) {
      await page.goto(address(file));
      await assertFits(page).catch((error) => assert.fail(`${file}: ${error.message}`));
    }
  });
});

describe("the keyboard reaches the submit button", { concurrency: 2 }, () => {
  const plain = pages.filter(({ file, submit }) => submit && file.startsWith("plain/"));
  for (const { file, submit, focus } of plain) {
    test(file, () => withPage({}, async (page) => {
      await page.goto(address(file));
      const active = () => page.evaluate(() => document.activeElement.id);
      if (focus) {
        assert.equal(await active(), focus);
      }
      const stops = await page.locator("a[href], button, input:not([type=hidden]), select, summary").count();
      const passed = [];
      while (passed.at(-1) !== submit) {
        assert.ok(passed.length <= stops, `only ${passed.join(", ")}`);
        await page.keyboard.press("Tab");
        passed.push(await active());
      }
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.equal(outline, "solid");
    }));
  }
});

describe("forms", () => {
  beforeEach(() => {
    server.submissions.length = 0;
  });

  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "with" : "without";
    test(`sign-in sends its fields ${how} JavaScript`, () => withPage({ javaScriptEnabled }, async (page, complaints) => {
      await page.goto(address("plain/login_loopback.html"));
      await page.fill("#username", "ada");
      await page.fill("#password", "p&ss \"wörd\"");
      await page.press("#password", "Enter");
      // The page's own form leads to this server only, the page that answers it leads on, and the client on from there.
      await page.waitForURL("http://www.client.example/home");
      const [{ path, fields }, ...more] = server.submissions;
      assert.equal(path, "/plain/submit");
      assert.deepEqual(fields, [
        ["flow", "sealed-flow"], ["csrf", "csrf-token"], ["username", "ada"], ["password", "p&ss \"wörd\""],
        ["action", "login"],
      ]);
      assert.deepEqual(more, []);
      assert.deepEqual(complaints, []);
    }));
  }

  test("an application that opened a popup keeps it", () => withPage({}, async (page) => {
    await page.goto("http://www.client.example/home");
    const opened = page.waitForEvent("popup");
    await page.evaluate((uri) => { globalThis.popup = open(uri); }, address("plain/login_loopback.html"));
    const popup = await opened;
    await popup.click("#cancel");
    await popup.waitForURL("http://www.client.example/home");
    assert.equal(await popup.evaluate(() => opener?.location.href), "http://www.client.example/home");
    assert.equal(await page.evaluate(() => globalThis.popup.closed), false);
  }));

  test("cancelling needs no credentials", () => withPage({}, async (page) => {
    await page.goto(address("plain/login_loopback.html"));
    await page.click("#cancel");
    await page.waitForURL("http://www.client.example/home");
    assert.deepEqual(server.submissions[0].fields.at(-1), ["action", "cancel"]);
  }));

  test("signing in needs both fields", () => withPage({}, async (page) => {
    await page.goto(address("plain/login_loopback.html"));
    await page.fill("#username", "ada");
    await page.click("#login");
    assert.equal(await page.evaluate(() => document.activeElement.id), "password");
    assert.deepEqual(server.submissions, []);
  }));

  test("a row of the account page names itself", () => withPage({}, async (page) => {
    await page.goto(address("plain/account.html"));
    const sent = page.waitForRequest((request) => request.method() === "POST");
    await page.getByRole("button", { name: "Remove access (Telly)" }).click({ noWaitAfter: true });
    assert.deepEqual([...new URLSearchParams((await sent).postData())], [
      ["flow", "sealed-flow"], ["csrf", "csrf-token"], ["client", "tv"], ["action", "revoke_app"],
    ]);
  }));

  test("an authorization response posts itself to the client", () => withPage({}, async (page, complaints) => {
    const posted = page.waitForRequest("https://shop.example.com/callback");
    await page.goto(address("plain/form_post.html"), { waitUntil: "commit" });
    const request = await posted;
    await page.waitForURL("https://shop.example.com/callback");
    assert.equal(request.method(), "POST");
    const fields = [...new URLSearchParams(request.postData())];
    assert.deepEqual(fields.map(([name]) => name), ["code", "state", "submit"]);
    assert.deepEqual(complaints, []);
  }));

  test("an authorization response has a button where scripts are off", async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      await page.goto(address("plain/form_post.html"));
      await page.screenshot({ path: `${SCREENSHOTS}plain-form_post-noscript.png` });
      await page.click("noscript button");
      await page.waitForURL("https://shop.example.com/callback");
    });
  });

  test("signing out loads the applications' frames, then leads on", () => withPage({}, async (page, complaints) => {
    const frame = page.waitForRequest((request) => request.url().includes("/out?sid="));
    await page.goto(address("plain/signed_out_frames.html"));
    await frame;
    await page.waitForURL("https://shop.example.com/?a=1&b=2");
    assert.deepEqual(complaints, []);
  }));
});

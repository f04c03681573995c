// People in front of Chromium: what the tests of whole journeys start with.
import assert from "node:assert/strict";

import { PASSWORD, application, signedUp } from "../clients/node/login.mjs";
import { assertAccessible, watch } from "./browser.mjs";

/** Runs `look` with a fresh browser. Nothing it complains about is let pass, but for `expected`. */
export async function withPage(browser, look, { expected = [], ...options } = {}) {
  const context = await browser.newContext(options);
  try {
    const { page, complaints } = await watch(context);
    page.setDefaultTimeout(30_000);
    await look(page);
    assert.deepEqual(complaints.filter((complaint) => !expected.some((known) => known.test(complaint))), []);
  } finally {
    await context.close();
  }
}

/** Somebody who has an account, made in another browser. */
export async function customer() {
  const { person } = await signedUp(await application({ client_name: "Elsewhere" }));
  return person;
}

export async function signIn(page, person, password = PASSWORD) {
  await page.fill("#username", person.email);
  await page.fill("#password", password);
  await page.click("#login");
}

export const heading = (page) => page.textContent("h1");

export async function assertIs(page, title) {
  assert.match(await heading(page), title);
  await assertAccessible(page);
}

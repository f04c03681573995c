// Serves target/pages with the headers that the pages came with, and plays the client under other names.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const ROOT = new URL("../../target/pages/", import.meta.url);
const ASSETS = { css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8" };

/** What tests/pages.rs rendered; see there. */
export const pages = JSON.parse(await readFile(new URL("pages.json", ROOT)));

/** Starts the server. `submissions` collects what forms sent: `{ host, path, fields, headers }`. */
export async function serve() {
  const submissions = [];
  const server = createServer((request, response) => {
    answer(request, response, submissions).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    submissions,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}

async function answer(request, response, submissions) {
  const { pathname } = new URL(request.url, "http://any.example");
  if (request.method === "POST") {
    submissions.push({
      host: request.headers.host,
      path: pathname,
      fields: [...new URLSearchParams(await body(request))],
      headers: request.headers,
    });
  }
  const location = redirects[pathname];
  if (location) {
    response.writeHead(303, { location }).end();
    return;
  }
  // The answer to a form is a page that leads on.
  const file = pathname.endsWith("/submit") ? "plain/leaving.html" : pathname.slice(1);
  const page = pages.find((known) => known.file === file);
  const type = ASSETS[pathname.split(".").at(-1)];
  if (page || (type && /^\/[a-z]+\/assets\/[a-z]+\.[a-z]+$/.test(pathname))) {
    const headers = page?.headers ?? { "content-type": type, "x-content-type-options": "nosniff" };
    response.writeHead(page?.status ?? 200, headers).end(await readFile(new URL(`./${file}`, ROOT)));
    return;
  }
  const found = pathname === "/home";
  response.writeHead(found ? 200 : 404, { "content-type": "text/html" }).end(found ? "<h1>Home</h1>" : "");
}

/** The client's redirect URI leads on to another origin. */
const redirects = {
  "/callback": "http://www.client.example/home",
};

async function body(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

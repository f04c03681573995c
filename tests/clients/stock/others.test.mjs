// Client libraries written in Python and Go log people in as docs/clients.md sets them up: each is an application on loopback
// that answers its callback with what it learned.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

import { Person, useSignUp } from "../node/login.mjs";
import { issuer, register } from "../node/setup.mjs";
import { codeFor, declaration, directory, fresh, snippets, write } from "./snippets.mjs";

useSignUp(before);

const python = process.env.MINTEDGE_TEST_PYTHON ?? "";
const hasGo = () => promisify(execFile)("go", ["version"]).then(() => true, () => false);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await promisify((done) => server.close(done))();
  return port;
}

async function declare(snippet, base) {
  return register({
    client_name: "Customer portal",
    grant_types: ["authorization_code", "refresh_token"],
    scopes: ["openid", "profile", "email", "offline_access"],
    first_party: true,
    ...declaration(snippet, base),
  });
}

/** Starts an application; ends it after the test. */
async function start(context, program, args, options, base) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => { output += data; });
  context.after(() => child.kill());
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) break;
    if (await fetch(`${base}/nothing`, { redirect: "manual" }).then(() => true, () => false)) return () => output;
    await sleep(100);
  }
  throw new Error(`${program} ${args.join(" ")} doesn't serve: ${output}`);
}

async function learned(base, output) {
  const person = new Person();
  const { url, body } = await person.signUp(`${base}/sign-in`);
  try {
    return { person, user: JSON.parse(body) };
  } catch {
    throw new Error(`${url}: ${body}\n${output()}`);
  }
}

describe("Python", () => {
  for (const snippet of snippets.filter(({ language }) => language === "python")) {
    test(snippet.name, async (context) => {
      if (!existsSync(python)) return context.skip("no Python environment");
      const generated = await fresh(`generated/${snippet.name}`);
      const port = await freePort();
      const base = `http://127.0.0.1:${port}`;
      const client = await declare(snippet, base);
      const file = `${generated}/snippet.py`;
      // There is no https on loopback, which requests-oauth2client accepts for tests only.
      const code = snippet.code.replace("from_discovery_endpoint(\n", "from_discovery_endpoint(\n    testing=True,\n");
      await write(file, codeFor({ code }, { issuer, client, base }));
      const env = { ...process.env, CLIENT_SECRET: client.secret };
      const output = await start(context, python, [`${directory}applications.py`, snippet.name, file, `${port}`], { env }, base);
      const { person, user } = await learned(base, output);
      assert.equal(user.email, person.email, output());
      if ("refreshed" in user) assert.equal(user.refreshed, true);
    });
  }
});

describe("Go", () => {
  let skip = false;
  before(async () => {
    skip = !await hasGo() && "Go is not installed";
    if (skip) return;
    for (const snippet of snippets.filter(({ language }) => language === "go")) {
      const name = snippet.name.replaceAll("-", "");
      const path = await fresh(`go/generated/${name}`);
      const code = snippet.code
        .replaceAll("\"https://id.example.com\"", "os.Getenv(\"ISSUER\")")
        .replaceAll("\"https://portal.example.com", "os.Getenv(\"BASE\")+\"")
        .replaceAll("\"portal\"", "os.Getenv(\"CLIENT_ID\")");
      await write(`${path}/snippet.go`, code);
      await write(`${path}/serve.go`, SERVE[snippet.name]);
      await promisify(execFile)("go", ["build", "-o", `${path}/app`, `./generated/${name}`], { cwd: `${directory}go` });
    }
  });
  for (const snippet of snippets.filter(({ language }) => language === "go")) {
    test(snippet.name, async (context) => {
      if (skip) return context.skip(skip);
      const port = await freePort();
      const base = `http://127.0.0.1:${port}`;
      const client = await declare(snippet, base);
      const env = {
        ...process.env, ISSUER: issuer, BASE: base, CLIENT_ID: client.id, CLIENT_SECRET: client.secret, ADDRESS: `127.0.0.1:${port}`,
      };
      const program = `${directory}go/generated/${snippet.name.replaceAll("-", "")}/app`;
      const output = await start(context, program, [], { env }, base);
      const { person, user } = await learned(base, output);
      assert.deepEqual([user.email, user.name, user.refreshed], [person.email, "Ada Lovelace", true], output());
    });
  }
});

const SERVE = {
  "go-oidc": `package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2"
)

func main() {
	ctx := context.Background()
	app, err := newApplication(ctx)
	if err != nil {
		panic(err)
	}
	verifier := oauth2.GenerateVerifier()
	http.HandleFunc("/sign-in", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, app.signIn("state", verifier), http.StatusSeeOther)
	})
	http.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		token, id, err := app.callback(ctx, r.URL.Query().Get("code"), verifier)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		learned := map[string]any{}
		if err := id.Claims(&learned); err != nil {
			panic(err)
		}
		token.Expiry = time.Now().Add(-time.Hour)
		refreshed, err := app.TokenSource(ctx, token).Token()
		learned["refreshed"] = err == nil && refreshed.AccessToken != token.AccessToken
		json.NewEncoder(w).Encode(learned)
	})
	panic(http.ListenAndServe(os.Getenv("ADDRESS"), nil))
}
`,
  zitadel: `package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

func main() {
	party, err := newRelyingParty(context.Background(), []byte("0123456789abcdef"))
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/sign-in", rp.AuthURLHandler(func() string { return "state" }, party))
	http.HandleFunc("/callback", rp.CodeExchangeHandler(func(w http.ResponseWriter, r *http.Request, tokens *oidc.Tokens[*oidc.IDTokenClaims], state string, party rp.RelyingParty) {
		refreshed, err := rp.RefreshTokens[*oidc.IDTokenClaims](r.Context(), party, tokens.RefreshToken, "", "")
		json.NewEncoder(w).Encode(map[string]any{
			"email":     tokens.IDTokenClaims.Email,
			"name":      tokens.IDTokenClaims.Name,
			"refreshed": err == nil && refreshed.AccessToken != tokens.AccessToken,
		})
	}, party))
	panic(http.ListenAndServe(os.Getenv("ADDRESS"), nil))
}
`,
};

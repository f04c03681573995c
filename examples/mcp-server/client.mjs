// An MCP client without a screen, with the official SDK: the person who signs in is played. `authorize` opens an address as a browser does and
// returns where it ends.
import { randomBytes } from "node:crypto";

import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

/** What the SDK wants of whoever keeps its credentials (`OAuthClientProvider`). */
export class Provider {
  constructor(authorize, { client, metadata = {}, redirectUri = "http://127.0.0.1:33418/callback" }) {
    this.authorize = authorize;
    this.client = client;
    this.redirectUrl = redirectUri;
    this.metadata = metadata;
    this.requests = [];
  }

  get clientMetadata() {
    return {
      client_name: "Notes client",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      ...this.metadata,
    };
  }

  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  codeVerifier() { return this.verifier; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }

  /** A token that lacks a scope has to be replaced by signing in: SDK 1.x would refresh it first, which never widens it (RFC 6749 §6). */
  fetch = async (url, init) => {
    const response = await fetch(url, init);
    const lacksScope = /error="?insufficient_scope/.test(response.headers.get("www-authenticate") ?? "");
    if (response.status === 403 && lacksScope) delete this.kept?.refresh_token;
    return response;
  };

  state() {
    this.expected = randomBytes(16).toString("base64url");
    return this.expected;
  }

  async redirectToAuthorization(url) {
    this.requests.push(url);
    const answer = new URL(await this.authorize(url));
    if (answer.searchParams.get("state") !== this.expected) throw new Error(`an answer to another request: ${answer}`);
    if (!answer.searchParams.has("code")) throw new Error(`refused: ${answer.searchParams}`);
    this.code = answer.searchParams.get("code");
  }
}

/** Connects to the MCP server at `url`, signing in when that is asked for. */
export async function connect(url, provider) {
  const open = async () => {
    const client = new Client({ name: "notes-client", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider, fetch: provider.fetch });
    return { client, transport };
  };
  let { client, transport } = await open();
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(provider.code);
    ({ client, transport } = await open());
    await client.connect(transport);
  }
  return {
    close: () => client.close(),
    tools: () => client.listTools(),
    /** Calls a tool; if it takes more than was granted, signs in once more and calls again. */
    async call(name, parameters = {}) {
      const attempt = () => client.callTool({ name, arguments: parameters });
      const { content } = await attempt().catch(async (error) => {
        if (!(error instanceof UnauthorizedError)) throw error;
        await transport.finishAuth(provider.code);
        return attempt();
      });
      return content[0].text;
    },
  };
}

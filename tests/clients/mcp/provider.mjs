// What the SDK wants of whoever keeps its credentials (`OAuthClientProvider`): in memory, with the person played by `answered`.
import { randomBytes } from "node:crypto";

import { REDIRECT_URI } from "./person.mjs";

export class Provider {
  constructor(answered, { client, metadata = {}, clientMetadataUrl, redirectUri = REDIRECT_URI } = {}) {
    this.answered = answered;
    this.client = client;
    this.metadata = metadata;
    this.clientMetadataUrl = clientMetadataUrl;
    this.redirectUrl = redirectUri;
    this.requests = [];
  }

  get clientMetadata() {
    return {
      client_name: "A client of the SDK",
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

  state() {
    this.expected = randomBytes(16).toString("base64url");
    return this.expected;
  }

  async redirectToAuthorization(url) {
    this.requests.push(url);
    this.answer = Object.fromEntries(await this.answered(url));
    if (this.answer.state !== this.expected) throw new Error(`an answer to another request: ${JSON.stringify(this.answer)}`);
    if (!this.answer.code) throw new Error(`refused: ${JSON.stringify(this.answer)}`);
  }
}

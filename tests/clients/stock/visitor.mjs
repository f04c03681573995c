// Somebody's cookies at an application that is a function from Request to Response.
export class Visitor {
  #cookies = new Map();

  constructor(handle) {
    this.handle = handle;
  }

  /** Sends a request with the cookies that earlier answers set. */
  async send(url, { form, json, ...init } = {}) {
    const headers = new Headers({ origin: new URL(url).origin });
    headers.set("cookie", [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const body = form ? new URLSearchParams(form).toString() : JSON.stringify(json);
    if (form) headers.set("content-type", "application/x-www-form-urlencoded");
    if (json) headers.set("content-type", "application/json");
    const method = form || json ? "POST" : "GET";
    const response = await this.handle(new Request(url, { method, headers, body, ...init }));
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      this.#cookies.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    return response;
  }
}

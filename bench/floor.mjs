// The least that a token endpoint does which keeps one row per grant: one call to one Durable Object, one row written,
// an answer as long as Mintedge's. It knows no clients, checks nothing and signs nothing.

const SUCCESSOR = 125;

export class Store {
  constructor(state) {
    this.sql = state.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS row (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
  }

  async fetch(request) {
    const [key, value] = (await request.text()).split("\n");
    this.sql.exec("INSERT OR REPLACE INTO row VALUES (?, ?)", key, value);
    return new Response("done");
  }
}

export default {
  async fetch(request, env) {
    if (request.method === "GET") return authorize(request);
    const form = new URLSearchParams(await request.text());
    // Which object, which row, and something random.
    const [object, key] = (form.get("refresh_token") ?? form.get("code")).split(".");
    const refresh_token = `${object}.${key}.${crypto.randomUUID()}`.padEnd(SUCCESSOR, "-");
    const answer = await env.STORE.getByName(object).fetch("https://object/", {
      method: "POST",
      body: `${key}\n${refresh_token}`,
    });
    if (await answer.text() !== "done") return new Response(null, { status: 500 });
    const rest = { token_type: "Bearer", expires_in: 300, scope: "ed25519:read", refresh_token };
    const length = JSON.stringify({ access_token: "", ...rest }).length;
    const body = JSON.stringify({ access_token: "-".repeat(env.LENGTH - length), ...rest });
    return new Response(body, { headers: { "content-type": "application/json", "cache-control": "no-store" } });
  },
};

/** A code says which object and row it will become. The cookie says who it is for. */
function authorize(request) {
  const { searchParams } = new URL(request.url);
  const [, person] = request.headers.get("cookie").split("=");
  const code = `${person}.${crypto.randomUUID()}`;
  return new Response(null, {
    status: 302,
    headers: { location: `${searchParams.get("redirect_uri")}?code=${code}` },
  });
}

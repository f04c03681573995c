// Gives a fresh Mintedge its three resources, a client, and another one that calls it, through the admin API. Prints the
// client's secret, on a second line its credentials for a Basic header, on a third those of the other.
const { URL: url, ADMIN_SECRET, CLIENT_ID } = process.env;

const token = await answer(fetch(`${url}/token`, {
  method: "POST",
  headers: { authorization: `Basic ${btoa(`mintedge-admin:${ADMIN_SECRET}`)}` },
  body: new URLSearchParams({ grant_type: "client_credentials" }),
}));
const configuration = {
  resource: [
    { identifier: "https://ed25519.example", scopes: ["ed25519:read"], signing_alg: "EdDSA" },
    { identifier: "https://es256.example", scopes: ["es256:read"], signing_alg: "ES256" },
    { identifier: "https://rs256.example", scopes: ["rs256:read"], signing_alg: "RS256" },
  ],
  client: [
    {
      client_id: CLIENT_ID,
      grant_types: ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
      scopes: ["ed25519:read", "es256:read", "rs256:read"],
      serves: ["https://ed25519.example"],
      exchange: { audiences: ["https://ed25519.example"] },
    },
    { client_id: "caller", grant_types: ["client_credentials"], scopes: ["ed25519:read"] },
  ],
};
const applied = await answer(fetch(`${url}/admin/v1/config`, {
  method: "PUT",
  headers: {
    "authorization": `Bearer ${token.access_token}`,
    "content-type": "application/json",
    "if-match": '"0"',
  },
  body: JSON.stringify(configuration),
}));
const secret = (id) => applied.secrets.find(({ client_id: owner }) => owner === id).client_secret;
const basic = (id) => btoa(`${id}:${secret(id)}`);
console.log([secret(CLIENT_ID), basic(CLIENT_ID), basic("caller")].join("\n"));

async function answer(pending) {
  const response = await pending;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

// Gives a fresh Mintedge its two resources and one client, through the admin API. Prints the client's secret, and on a
// second line the credentials for a Basic header.
const { URL: url, ADMIN_SECRET, CLIENT_ID } = process.env;

const token = await answer(fetch(`${url}/token`, {
  method: "POST",
  headers: { authorization: `Basic ${btoa(`mintedge-admin:${ADMIN_SECRET}`)}` },
  body: new URLSearchParams({ grant_type: "client_credentials" }),
}));
const configuration = {
  resource: [
    { identifier: "https://ed25519.example", scopes: ["ed25519:read"], signing_alg: "EdDSA" },
    { identifier: "https://rs256.example", scopes: ["rs256:read"], signing_alg: "RS256" },
  ],
  client: [
    { client_id: CLIENT_ID, grant_types: ["client_credentials"], scopes: ["ed25519:read", "rs256:read"] },
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
const { client_secret } = applied.secrets[0];
console.log(`${client_secret}\n${btoa(`${CLIENT_ID}:${client_secret}`)}`);

async function answer(pending) {
  const response = await pending;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

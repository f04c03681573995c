// A television without a keyboard, in plain Node: it shows a code and a QR code, polls until somebody has approved it (RFC 8628), and
// refreshes its tokens. Nothing here is particular to one server but `qr_code`.
import { setTimeout as sleep } from "node:timers/promises";

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const CLIENT = "telly";
const SCOPE = "openid email programme:read";

/** Sends a form; returns the JSON of the answer, an error's as well. */
async function post(url, fields) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams({ client_id: CLIENT, ...fields }) });
  return response.json();
}

/** Asks for codes. */
export async function begin(server) {
  const begun = await post(server.device_authorization_endpoint, { scope: SCOPE, qr_code: "text" });
  if (begun.error) throw new Error(`${begun.error}: ${begun.error_description}`);
  return begun;
}

/** What the screen shows. */
export function screen({ qr_code: qr, verification_uri: uri, user_code: code, expires_in: seconds }) {
  return `${qr ?? ""}
  Scan this with your phone, or open

      ${uri}

  and type   ${code}

  You have ${Math.round(seconds / 60)} minutes.`;
}

/** Asks again and again until there is a decision (RFC 8628 §3.5); `server` is its metadata. */
export async function poll(server, { device_code: code, interval = 5 }, wait = sleep) {
  let seconds = interval;
  for (;;) {
    await wait(seconds * 1000);
    const answer = await post(server.token_endpoint, { grant_type: DEVICE, device_code: code });
    if (answer.error === undefined) return answer;
    if (answer.error === "slow_down") seconds += 5;
    else if (answer.error !== "authorization_pending") throw new Error(answer.error);
  }
}

export const refresh = (server, token) => post(server.token_endpoint, { grant_type: "refresh_token", refresh_token: token });

/** The server's metadata. A server that was configured a moment ago may name the endpoint only in a minute. */
export async function discover(issuer) {
  for (;;) {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    if (metadata.device_authorization_endpoint) return metadata;
    await sleep(1000);
  }
}

export async function whose(server, tokens) {
  const response = await fetch(server.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  return response.json();
}

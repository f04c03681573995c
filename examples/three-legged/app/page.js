// Logs the person in (authorization code with PKCE), calls API One, and shows the claims that the APIs saw.
const { UserManager } = globalThis.oidc;

const { authority, apiOne } = await (await fetch("/settings.json")).json();
const manager = new UserManager({
  authority,
  client_id: "reports-app",
  redirect_uri: `${location.origin}/callback`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: "openid profile one:report",
  // Whom the access token is for (RFC 8707).
  resource: "https://api-one.example",
  loadUserInfo: false,
});

const element = (id) => document.getElementById(id);

if (location.pathname === "/callback") {
  await manager.signinCallback();
  location.replace("/");
} else {
  show(await manager.getUser());
}

function show(user) {
  element("who").textContent = user ? `Signed in as ${user.profile.sub}.` : "Nobody is signed in.";
  offer("sign-in", !user, () => manager.signinRedirect());
  offer("report", user, report);
  offer("sign-out", user, () => manager.signoutRedirect());
}

function offer(id, isThere, action) {
  element(id).hidden = !isThere;
  element(id).onclick = action;
}

async function report() {
  // Not the one from when the page was opened: the library has renewed it since.
  const { access_token: token } = await manager.getUser();
  const response = await fetch(apiOne, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) {
    element("who").textContent = `API One refuses: ${response.status}.`;
    return;
  }
  const columns = Object.values(await response.json());
  const names = [...new Set(columns.flatMap(Object.keys))].sort();
  const cells = (name) => columns.map((claims) => cell("td", name in claims ? JSON.stringify(claims[name]) : ""));
  element("claims").tBodies[0].replaceChildren(...names.map((name) => row(cell("th", name), ...cells(name))));
  element("claims").hidden = false;
}

function cell(kind, text) {
  return Object.assign(document.createElement(kind), { textContent: text });
}

function row(...cells) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  return tr;
}

// An application without a server of its own: oidc-client-ts keeps what it got where all its tabs find it.
const { UserManager, WebStorageStateStore } = globalThis.oidc;

const settings = await (await fetch("/settings.json")).json();
const manager = new UserManager({
  ...settings,
  redirect_uri: `${location.origin}/callback`,
  silent_redirect_uri: `${location.origin}/callback`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: "openid profile email",
  loadUserInfo: true,
  automaticSilentRenew: false,
  userStore: new WebStorageStateStore({ store: localStorage }),
});

if (location.pathname === "/callback") {
  await manager.signinCallback();
  if (globalThis === globalThis.top) location.replace("/");
} else {
  const user = await manager.getUser();
  globalThis.manager = manager;
  document.querySelector("#who").textContent = user ? user.profile.email : "Nobody";
}

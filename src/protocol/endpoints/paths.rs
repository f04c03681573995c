//! The paths of the endpoints below the issuer. `app` routes by them; metadata, pages and cookies name them.

use crate::protocol::login;

/// Path of the authorization endpoint below the issuer.
pub const AUTHORIZE: &str = "/authorize";
/// Path of the pushed authorization request endpoint below the issuer.
pub const PAR: &str = "/par";
/// Path of the device authorization endpoint (RFC 8628 §3.1).
pub const DEVICE_AUTHORIZATION: &str = "/device_authorization";
/// Path of the page where people connect a device (RFC 8628 §3.3); short, because it is typed.
pub const DEVICE: &str = "/device";
/// Path of the backchannel authentication endpoint (`CIBA` §7).
pub const BC_AUTHORIZE: &str = "/bc-authorize";
/// Path of the login form below the issuer.
pub const LOGIN: &str = "/login";
/// Path of the page for choosing an account.
pub const SELECT: &str = "/select-account";
/// Path of the consent form.
pub const CONSENT: &str = "/consent";
/// Path of the form for making an account.
pub const SIGN_UP: &str = "/sign-up";
/// Path of the page a link leads to, below the issuer.
pub const PASSWORD: &str = login::link::PAGE;
/// Path of the account page.
pub const ACCOUNT: &str = "/account";
/// Path of the logout endpoint (`RP-Initiated Logout 1.0`).
pub const LOGOUT: &str = "/logout";
/// Path of the token endpoint below the issuer.
pub const TOKEN: &str = "/token";
/// Path of the key set below the issuer.
pub const JWKS: &str = "/jwks";
/// Path of the registration endpoint (RFC 7591 §3).
pub const REGISTER: &str = "/register";
/// Path of the userinfo endpoint (`OpenID Connect Core` §5.3).
pub const USERINFO: &str = "/userinfo";
/// Path of the introspection endpoint (RFC 7662).
pub const INTROSPECT: &str = "/introspect";
/// Path of the revocation endpoint (RFC 7009).
pub const REVOKE: &str = "/revoke";
/// Path of the pages' style sheet.
pub const STYLE: &str = "/assets/style.css";
/// Path of the script that submits a form.
pub const SCRIPT: &str = "/assets/submit.js";
/// Path of the icon that browsers look for by themselves, at the root of the host.
pub const FAVICON: &str = "/favicon.ico";

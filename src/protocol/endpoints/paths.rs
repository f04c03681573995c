//! Paths below the issuer.

use crate::protocol::login;

/// Path of the authorization endpoint below the issuer.
pub const AUTHORIZE: &str = "/authorize";
/// Path of the pushed authorization request endpoint below the issuer.
pub const PAR: &str = "/par";
/// Path of the login form below the issuer.
pub const LOGIN: &str = "/login";
/// Path of the account choice.
pub const SELECT: &str = "/select-account";
/// Path of the consent form.
pub const CONSENT: &str = "/consent";
/// Path of the form below the issuer.
pub const SIGN_UP: &str = "/sign-up";
/// Path of the page a link leads to, below the issuer.
pub const PASSWORD: &str = login::link::PAGE;
/// Path of the page below the issuer.
pub const ACCOUNT: &str = "/account";
/// Path of the endpoint below the issuer.
pub const LOGOUT: &str = "/logout";
/// Path of the token endpoint below the issuer.
pub const TOKEN: &str = "/token";
/// Path of the key set below the issuer.
pub const JWKS: &str = "/jwks";
/// Path of the endpoint below the issuer.
pub const USERINFO: &str = "/userinfo";
/// Path of the endpoint below the issuer.
pub const INTROSPECT: &str = "/introspect";
/// Path of the endpoint below the issuer.
pub const REVOKE: &str = "/revoke";
/// Path of the stylesheet below the issuer.
pub const STYLE: &str = "/assets/style.css";
/// Path of the script below the issuer.
pub const SCRIPT: &str = "/assets/submit.js";
/// What browsers ask for by themselves, at the root of the host.
pub const FAVICON: &str = "/favicon.ico";

//! The endpoints, one file each: token (RFC 6749 §3.2), authorization (§3.1), introspection, revocation, `OpenID Connect` and pages.
//!
//! `app` decides by path which one a request goes to. An endpoint checks the request and puts together the response; what is
//! decided about grants, accounts and keys is in the folders below.

pub(crate) mod account;
pub(crate) mod arrival;
pub(crate) mod assets;
pub(crate) mod authorize;
pub(crate) mod bc_authorize;
pub(crate) mod browser;
pub(crate) mod client_face;
pub(crate) mod consent_groups;
pub(crate) mod cors;
pub(crate) mod device;
pub(crate) mod device_authorization;
pub(crate) mod error_page;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod leave;
pub(crate) mod logout;
pub(crate) mod metadata;
pub mod paths;
pub(crate) mod problems;
pub(crate) mod register;
pub(crate) mod requests;
pub(crate) mod resource_metadata;
pub(crate) mod revoke;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
pub(crate) mod token;
pub(crate) mod userinfo;
pub(crate) mod visit;

pub use arrival::not_configured;

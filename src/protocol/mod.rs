//! The authorization server itself, free of any platform.
//!
//! A request runs in a straight line: [`Server::handle`] → an endpoint → [`form`] → [`client_auth`] →
//! [`grants`] → [`issue`] → JSON. Everything outside comes through the [`ports::Platform`].

mod accounts;
pub mod admin;
pub mod authorization_code;
mod budget;
pub mod client;
pub mod client_auth;
pub mod config;
pub mod control;
mod cookies;
pub mod derived;
pub mod description;
pub mod directory;
pub mod encoding;
pub mod endpoints;
pub mod error;
pub mod exchange;
pub mod federation;
pub mod form;
pub mod grants;
pub mod http;
pub mod id;
pub mod incarnation;
pub mod issue;
pub mod issuer;
pub mod json;
pub mod jwk;
pub mod jwt;
pub mod kek;
pub mod keyring;
mod liveness;
pub mod log;
pub mod login;
mod notices;
pub mod objects;
pub mod outbound;
pub mod pages;
pub mod passwords;
pub mod pkce;
pub mod ports;
pub mod redirect_uri;
pub mod refresh_token;
pub mod scope;
pub mod sealed;
pub mod secret;
mod server;
pub mod state;
pub mod subject;
mod tagged;
pub mod time;
pub mod uri;
pub mod user_claims;

pub use endpoints::not_configured;
pub use server::{Deployment, Server};

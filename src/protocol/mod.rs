//! The authorization server itself, free of any platform.
//!
//! A request runs in a straight line: [`Server::handle`] → an endpoint → [`form`] → [`client_auth`] →
//! [`grants`] → [`issue`] → JSON. Everything outside comes through the [`ports::Platform`].

pub mod admin;
pub mod client;
pub mod client_auth;
pub mod config;
pub mod control;
pub mod directory;
pub mod encoding;
pub mod endpoints;
pub mod error;
pub mod form;
pub mod grants;
pub mod http;
pub mod issue;
pub mod issuer;
pub mod jwk;
pub mod jwt;
pub mod keyring;
pub mod log;
pub mod pages;
pub mod ports;
pub mod scope;
pub mod secret;
mod server;
pub mod state;
pub mod time;

pub use server::{Deployment, Server};

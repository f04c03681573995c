//! The authorization server itself, free of any platform.
//!
//! The folders are layers: each imports only what stands above it in this list, which `tests/architecture.rs` holds.
//!
//! | layer | what it is |
//! |---|---|
//! | [`codec`] | bytes and values: JSON, base64, URIs, compact JWS |
//! | [`model`] | identifiers, secrets, scopes, times, names of grants |
//! | [`http`] | requests, answers, forms, cookies, errors on the wire |
//! | [`keys`] | the server's keys and what is sealed with them |
//! | [`passwords`] | what is stored of passwords |
//! | [`config`] | the configuration document, its compiled snapshot, registered clients |
//! | [`rules`] | trusted issuers and rules, judged without asking anybody |
//! | [`documents`] | client id metadata documents, judged without asking anybody |
//! | [`state`] | state transitions as pure functions |
//! | [`validate`] | what is wrong with a configuration |
//! | [`registration`] | what clients say of themselves that nobody has declared |
//! | [`objects`] | the Durable Objects: rows and a command in, a reply and changes out |
//! | [`server`] | one issuer's server: its ports, its look-ups, the context of a request |
//! | [`tokens`] | tokens that are taken back: verified, opened, still alive |
//! | [`federation`], [`exchange`], [`login`] | tokens of others, policies of exchange, ways to log in |
//! | [`client_auth`], [`grants`] | who asks, and what they are granted |
//! | [`issue`] | the one place that mints |
//! | [`pages`], [`admin`], [`endpoints`] | what people, administrators and clients see |
//! | [`app`] | the way of a request in and of its answer out |

pub mod admin;
pub mod app;
pub mod client_auth;
pub mod codec;
pub mod config;
pub mod documents;
pub mod endpoints;
pub mod exchange;
pub mod federation;
pub mod grants;
pub mod http;
pub mod issue;
pub mod keys;
pub mod login;
pub mod model;
mod notices;
pub mod objects;
pub mod pages;
pub mod passwords;
pub mod registration;
pub mod rules;
pub mod server;
pub mod state;
pub mod tokens;
pub mod validate;

pub use endpoints::not_configured;
pub use server::{Deployment, Server};

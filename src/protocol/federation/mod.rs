//! Tokens of trusted issuers: what they are good for here.

pub mod pattern;
pub mod prove;
pub mod rules;
mod subject;

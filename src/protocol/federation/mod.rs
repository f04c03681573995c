//! Tokens of trusted issuers: what they are good for here.

pub mod pattern;
pub mod rules;
mod subject;

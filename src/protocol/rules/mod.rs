//! What the configuration says of trusted issuers, judged without asking anybody: where an issuer's keys may be fetched, which
//! rule a token's claims match, what subject it gives, and that no two rules can both match.

pub mod discovery;
pub mod evaluate;
pub mod issuers;
pub mod pattern;
pub mod prove;
mod subject_template;

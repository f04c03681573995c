//! `/authorize` and the pages that it leads to.

pub mod consent;
pub mod logging_in;
pub mod requests;

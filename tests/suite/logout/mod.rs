//! `/logout`.

pub mod certification;
pub mod sessions;

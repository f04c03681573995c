//! The admin API, `/admin/v1`.

pub mod access;
pub mod clients;
pub mod config;
pub mod keys;
pub mod login_identifiers;
pub mod new_passwords;
pub mod password_hashes;
pub mod roles;
pub mod user_links;
pub mod users;

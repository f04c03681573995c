//! What each target does with one input. It panics if a promise is broken.

pub mod admin_request;
pub mod assertion;
pub mod authorize_request;
pub mod basic_header;
pub mod bearer_token;
pub mod client_document;
pub mod client_id;
pub mod client_metadata;
pub mod config;
pub mod control_command;
pub mod document_url;
pub mod foreign_key_set;
pub mod form;
pub mod issuer;
pub mod json;
pub mod key_address;
pub mod provider_metadata;
pub mod redirect_uri;
pub mod scope_set;
pub mod sealed_values;
pub mod token_request;
pub mod uri;

/// What runs one input.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const ALL: [(&str, Target); 22] = [
    ("admin_request", admin_request::run),
    ("assertion", assertion::run),
    ("authorize_request", authorize_request::run),
    ("basic_header", basic_header::run),
    ("bearer_token", bearer_token::run),
    ("client_document", client_document::run),
    ("client_id", client_id::run),
    ("client_metadata", client_metadata::run),
    ("config", config::run),
    ("control_command", control_command::run),
    ("document_url", document_url::run),
    ("foreign_key_set", foreign_key_set::run),
    ("form", form::run),
    ("issuer", issuer::run),
    ("json", json::run),
    ("key_address", key_address::run),
    ("provider_metadata", provider_metadata::run),
    ("redirect_uri", redirect_uri::run),
    ("scope_set", scope_set::run),
    ("sealed_values", sealed_values::run),
    ("token_request", token_request::run),
    ("uri", uri::run),
];

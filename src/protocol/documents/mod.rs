//! Client id metadata documents (draft-ietf-oauth-client-id-metadata-document): a client whose `client_id` is the https URL of a
//! document that describes it. Everything here is judged without asking anybody: what such a URL looks like, which of the
//! configuration's rules admits it, what a document has to say, how long it is used.
//!
//! `server` fetches documents and asks here what they are worth; `validate` asks whether the rules make sense.

pub mod admission;
pub mod copies;
pub mod freshness;
pub mod pattern;
pub mod read;
pub mod url;

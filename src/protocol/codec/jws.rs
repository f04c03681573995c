//! JSON Web Signatures in compact form (RFC 7515 §7.1), before anything is known of who signed them.

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 8 * 1024;

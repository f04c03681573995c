//! Django's forms: `algorithm$parameters$salt$hash`, where the salt is taken as the text it is. [`super::Stored::parse`] calls them.

use mintedge_passwords::{Digest, Function};

use super::phc::fields;
use super::{Stored, base64, number};

/// Reads PBKDF2 as Django writes it: `870000$SALT$HASH`.
pub(super) fn pbkdf2(name: &str, rest: &str) -> Option<Stored> {
    let [iterations, salt, hash] = fields(rest)?;
    let (scheme, digest) = match name {
        "pbkdf2_sha256" => ("pbkdf2-sha256", Digest::Sha256),
        _ => ("pbkdf2-sha1", Digest::Sha1),
    };
    let (iterations, salt) = (number(iterations)?, salt.as_bytes().to_vec());
    Some(Stored::new(scheme, Function::Pbkdf2 { digest, iterations, salt }, base64(hash)?))
}

/// Reads scrypt as Django writes it: `16384$SALT$8$1$HASH`.
pub(super) fn scrypt(rest: &str) -> Option<Stored> {
    let [n, salt, r, p, hash] = fields(rest)?;
    let n = number(n).filter(|n| n.is_power_of_two())?;
    let (log_n, r, p, salt) = (n.ilog2(), number(r)?, number(p)?, salt.as_bytes().to_vec());
    Some(Stored::new("scrypt", Function::Scrypt { log_n, r, p, salt }, base64(hash)?))
}

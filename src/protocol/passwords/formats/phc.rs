//! PHC strings: `$scheme$parameters$salt$hash`, salt and hash in base64. The parameters come in the order in which every
//! implementation writes them.

use mintedge_passwords::{Digest, Function, Variant};

use super::{Stored, base64, number};

/// Reads the rest of an Argon2 string: `v=19$m=19456,t=2,p=1$SALT$HASH`.
pub(super) fn argon2(variant: Variant, rest: &str) -> Option<Stored> {
    let [costs, salt, hash] = fields(rest.strip_prefix("v=19$")?)?;
    let [memory, passes, lanes] = numbers(costs, ["m=", "t=", "p="])?;
    let salt = base64(salt)?;
    let function = Function::Argon2 { variant, memory, passes, lanes, salt };
    let scheme = if variant == Variant::Id { "argon2id" } else { "argon2i" };
    Some(Stored::new(scheme, function, base64(hash)?))
}

/// `i=600000$SALT$HASH`, `i=600000,l=32$SALT$HASH`, or `600000$SALT$HASH` as Passlib has it.
pub(super) fn pbkdf2(name: &str, rest: &str) -> Option<Stored> {
    let [costs, salt, hash] = fields(rest)?;
    let hash = base64(hash)?;
    let (iterations, length) = costs.split_once(",l=").unwrap_or((costs, ""));
    let is_length =
        length.is_empty() || number(length).is_some_and(|length| usize::try_from(length) == Ok(hash.len()));
    let iterations = number(iterations.strip_prefix("i=").unwrap_or(iterations)).filter(|_| is_length)?;
    let (scheme, digest) = match name {
        "pbkdf2-sha256" => ("pbkdf2-sha256", Digest::Sha256),
        "pbkdf2-sha512" => ("pbkdf2-sha512", Digest::Sha512),
        _ => ("pbkdf2-sha1", Digest::Sha1),
    };
    Some(Stored::new(scheme, Function::Pbkdf2 { digest, iterations, salt: base64(salt)? }, hash))
}

/// Reads the rest of a scrypt string: `ln=14,r=8,p=1$SALT$HASH`.
pub(super) fn scrypt(rest: &str) -> Option<Stored> {
    let [costs, salt, hash] = fields(rest)?;
    let [log_n, r, p] = numbers(costs, ["ln=", "r=", "p="])?;
    Some(Stored::new("scrypt", Function::Scrypt { log_n, r, p, salt: base64(salt)? }, base64(hash)?))
}

/// The parts between `$`, if there are as many.
pub(super) fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('$').collect::<Vec<_>>().try_into().ok()
}

/// The numbers in `a=1,b=2`, if the names are `names` in that order.
pub(super) fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let parts: [&str; N] = text.split(',').collect::<Vec<_>>().try_into().ok()?;
    let values: Option<Vec<u32>> =
        parts.iter().zip(names).map(|(part, name)| number(part.strip_prefix(name)?)).collect();
    values?.try_into().ok()
}

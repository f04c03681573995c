//! Forms of hashes that belong to one product, or to one function: bcrypt's, ASP.NET Core Identity's, Firebase's.
//!
//! [`super::Stored::parse`] calls them; general PHC strings are read by `phc`.

use mintedge_passwords::{Digest, Function};

use super::phc::{fields, numbers};
use super::{Expected, Input, Stored, base64, number};
use crate::protocol::codec::encoding::from_secret_base64_bcrypt;

/// `12$`, then 22 characters of salt and 31 of hash.
pub(super) fn bcrypt(rest: &str) -> Option<Stored> {
    let [cost, text] = fields(rest)?;
    let (salt, hash) = text.split_at_checked(22).filter(|(_, hash)| cost.len() == 2 && hash.len() == 31)?;
    // Some write ones where the last character has bits to spare: nobody reads those.
    let decode = |text: String, length| {
        let mut bytes = from_secret_base64_bcrypt(&text)?;
        bytes.truncate(length);
        Some(bytes)
    };
    let salt = decode(format!("{salt}.."), 16)?.try_into().ok()?;
    let hash = decode(format!("{hash}."), 23)?;
    Some(Stored::new("bcrypt", Function::Bcrypt { cost: number(cost)?, salt }, hash))
}

/// What the column `PasswordHash` holds: base64 of a version and what belongs to it.
pub(super) fn aspnet_identity(rest: &str) -> Option<Stored> {
    let bytes = base64(rest)?;
    let (digest, iterations, salt, hash) = match bytes.split_first()? {
        // Version 2: a salt of 16 bytes, a hash of 32.
        (0, rest) => {
            let (salt, hash) = rest.split_at_checked(16).filter(|(_, hash)| hash.len() == 32)?;
            (Digest::Sha1, 1000, salt, hash)
        }
        // Version 3: which hash, iterations, length of the salt, salt, hash.
        (1, rest) => {
            let ([digest, iterations, length], rest) = split_numbers(rest)?;
            let digest = match digest {
                0 => Digest::Sha1,
                1 => Digest::Sha256,
                2 => Digest::Sha512,
                _ => return None,
            };
            let (salt, hash) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (digest, iterations, salt, hash)
        }
        _ => return None,
    };
    let function = Function::Pbkdf2 { digest, iterations, salt: salt.to_vec() };
    Some(Stored::new("aspnet-identity", function, hash.to_vec()))
}

/// Three numbers of four bytes each, the highest first, and what follows them.
fn split_numbers(bytes: &[u8]) -> Option<([u32; 3], &[u8])> {
    let (head, rest) = bytes.split_at_checked(12)?;
    let numbers: Vec<u32> = head.as_chunks::<4>().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
    Some((numbers.try_into().ok()?, rest))
}

/// `ln=14,r=8$SIGNER_KEY$SALT_SEPARATOR$SALT$HASH`: the project's parameters `mem_cost`, `rounds`, `base64_signer_key` and
/// `base64_salt_separator`, then the user's.
pub(super) fn firebase(rest: &str) -> Option<Stored> {
    let [costs, signer_key, separator, salt, hash] = fields(rest)?;
    let [log_n, r] = numbers(costs, ["ln=", "r="])?;
    let (signer_key, encrypted) = (base64(signer_key)?, base64(hash)?);
    if signer_key.len() != encrypted.len() || !(16..=128).contains(&signer_key.len()) {
        return None;
    }
    let salt = [base64(salt)?, base64(separator)?].concat();
    let function = Function::Scrypt { log_n, r, p: 1, salt };
    let expected = Expected::Firebase { signer_key, encrypted };
    Some(Stored { scheme: "firebase-scrypt", function, input: Input::Plain, expected })
}

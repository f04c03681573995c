//! How password hashes are written: PHC strings and the forms that other products have for them. `docs/users.md` lists them
//! for whoever brings users along.
//!
//! What a hash asks for is bounded here, once for all: a form that can't be verified within the bounds is never stored.

mod django;
mod phc;
mod products;

use mintedge_passwords::{Function, Running, Variant, encrypt_signer_key};
use sha2::{Digest as _, Sha256};

use super::{COST, LENGTHS};
use crate::protocol::codec::encoding::from_secret_base64_unpadded;

/// The longest text of a hash, in bytes.
const MAX_LENGTH: usize = 1024;
/// Most memory in KiB that a hash may ask for: half of what an isolate has.
const MAX_MEMORY: u32 = 65_536;
/// The most passes of Argon2 that a hash may ask for.
const MAX_PASSES: u32 = 10;
/// The largest cost of bcrypt (a power of two) that a hash may ask for.
const MAX_BCRYPT: u32 = 14;
/// Most iterations of PBKDF2, over all blocks of its result.
const MAX_ITERATIONS: u64 = 2_000_000;
/// Most work of scrypt: N times r times p.
const MAX_SCRYPT: u64 = 1 << 20;

const UNKNOWN: &str =
    "this is no password hash in a form that is known here; docs/users.md lists those that are";
const UNSALTED: &str = "this looks like a hash without a salt (MD5, SHA-1, SHA-2), which is as good as the password; invite the user instead";
const MALFORMED: &str =
    "the password hash names a known scheme, but the rest of it is not of that scheme's form";
const TOO_COSTLY: &str = "the password hash costs more than is allowed here: 64 MiB and 10 passes of Argon2, a cost of 14 of bcrypt, 2,000,000 iterations of PBKDF2, N*r*p of 2^20 and 64 MiB of scrypt";

/// A stored hash, taken apart.
#[derive(Debug)]
pub(super) struct Stored {
    /// The name of the hash's scheme, as the admin API shows it.
    pub(super) scheme: &'static str,
    function: Function,
    input: Input,
    expected: Expected,
}

/// What of a password goes into the hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The password as it is.
    Plain,
    /// The SHA-256 of the password, in hexadecimal digits.
    Sha256,
}

/// What the hash function's result is compared with.
#[derive(Debug)]
enum Expected {
    Result(Vec<u8>),
    /// A key that turns the project's signer key into this.
    Firebase {
        signer_key: Vec<u8>,
        encrypted: Vec<u8>,
    },
}

impl Stored {
    /// Reads a hash of any known form.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LENGTH {
            return Err(UNKNOWN);
        }
        let (name, rest) = text.strip_prefix('$').unwrap_or(text).split_once('$').unwrap_or((text, ""));
        let stored = match (text.starts_with('$'), name) {
            (true, "argon2id") => phc::argon2(Variant::Id, rest),
            (true, "argon2i") => phc::argon2(Variant::I, rest),
            (true, "2a" | "2b" | "2y") => products::bcrypt(rest),
            (true, "pbkdf2" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512") => phc::pbkdf2(name, rest),
            (true, "scrypt") => phc::scrypt(rest),
            (true, "aspnet-identity") => products::aspnet_identity(rest),
            (true, "firebase-scrypt") => products::firebase(rest),
            (false, "pbkdf2_sha1" | "pbkdf2_sha256") => django::pbkdf2(name, rest),
            (false, "scrypt") => django::scrypt(rest),
            // Django's names before a hash that has one of its own.
            (false, "argon2") => return Self::parse(&format!("${rest}")),
            (false, "bcrypt") if rest.starts_with('$') => return Self::parse(rest),
            (false, "bcrypt_sha256") if rest.starts_with("$2") => {
                return Self::parse(rest).map(|stored| Self { input: Input::Sha256, ..stored });
            }
            _ => return Err(if is_unsalted(text) { UNSALTED } else { UNKNOWN }),
        };
        let stored = stored.ok_or(MALFORMED)?;
        stored.check().map(|()| stored)
    }

    fn new(scheme: &'static str, function: Function, expected: Vec<u8>) -> Self {
        Self { scheme, function, input: Input::Plain, expected: Expected::Result(expected) }
    }

    /// Whether the hash is as new ones are made here.
    pub(super) fn is_ours(&self) -> bool {
        let (memory, passes, lanes) = COST;
        let is_ours = matches!(&self.function, Function::Argon2 { variant: Variant::Id, memory: its, passes: of, lanes: cost, salt }
            if (*its, *of, *cost, salt.len()) == (memory, passes, lanes, LENGTHS.0));
        is_ours && self.length() == LENGTHS.1
    }

    /// Begins to compute what it is compared with. `None` if there is no memory for it.
    pub(super) fn start(&self, password: &[u8]) -> Option<Running> {
        match self.input {
            Input::Plain => self.function.start(password, self.length()),
            Input::Sha256 => {
                let digest = hexadecimal(&Sha256::digest(password));
                self.function.start(digest.as_bytes(), self.length())
            }
        }
    }

    /// Whether `result` is what the right password comes to. In constant time for its length.
    pub(super) fn is_result(&self, password: &[u8], result: &[u8]) -> bool {
        use subtle::ConstantTimeEq as _;
        // bcrypt takes a zero for the end: what comes after it would not count.
        if matches!(self.function, Function::Bcrypt { .. }) && password.contains(&0) {
            return false;
        }
        match &self.expected {
            Expected::Result(expected) => expected.ct_eq(result).into(),
            Expected::Firebase { signer_key, encrypted } => encrypt_signer_key(result, signer_key)
                .is_some_and(|computed| encrypted.ct_eq(&computed).into()),
        }
    }

    fn length(&self) -> usize {
        match &self.expected {
            Expected::Result(expected) => expected.len(),
            Expected::Firebase { .. } => 64,
        }
    }

    /// Refuses a hash whose computation would take too much time or memory.
    fn check(&self) -> Result<(), &'static str> {
        let (is_affordable, salt) = match &self.function {
            Function::Argon2 { memory, passes, salt, .. } => {
                (*memory <= MAX_MEMORY && *passes <= MAX_PASSES, salt.len())
            }
            Function::Bcrypt { cost, salt } => (*cost <= MAX_BCRYPT, salt.len()),
            Function::Pbkdf2 { digest, iterations, salt } => {
                let blocks = self.length().div_ceil(digest.length());
                let iterations =
                    u64::from(*iterations).saturating_mul(u64::try_from(blocks).unwrap_or(u64::MAX));
                (iterations <= MAX_ITERATIONS, salt.len())
            }
            Function::Scrypt { log_n, r, p, salt } => (scrypt_is_affordable(*log_n, *r, *p), salt.len()),
        };
        if !is_affordable {
            return Err(TOO_COSTLY);
        }
        let is_usual = (8..=128).contains(&salt) && (16..=64).contains(&self.length());
        // A start that does no work yet shows whether the function has such parameters.
        (is_usual && self.function.is_possible(self.length())).then_some(()).ok_or(MALFORMED)
    }
}

fn scrypt_is_affordable(log_n: u32, r: u32, p: u32) -> bool {
    let Some(n) = 1_u64.checked_shl(log_n) else { return false };
    let product =
        |others: &[u32]| others.iter().fold(n, |product, other| product.saturating_mul(u64::from(*other)));
    product(&[r, p]) <= MAX_SCRYPT && product(&[r]) / 8 <= u64::from(MAX_MEMORY)
}

/// A number in decimal digits and nothing else.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Base64 as anybody writes it: with `+/`, `-_` or `./`, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let standard = |character| match character {
        '.' | '-' => '+',
        '_' => '/',
        other => other,
    };
    let text: String = text.trim_end_matches('=').chars().map(standard).collect();
    from_secret_base64_unpadded(&text)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// Whether it looks like the bare result of a fast hash, in hexadecimal digits.
fn is_unsalted(text: &str) -> bool {
    [32, 40, 56, 64, 96, 128].contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT_AND_HASH: &str = "BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn outcome(text: &str) -> &'static str {
        match Stored::parse(text) {
            Ok(stored) => stored.scheme,
            Err(UNKNOWN) => "unknown",
            Err(MALFORMED) => "malformed",
            Err(TOO_COSTLY) => "too costly",
            Err(_) => "unsalted",
        }
    }

    #[test]
    fn only_hashes_within_bounds_are_taken_over() {
        let cases = [
            ("$argon2id$v=19$m=65536,t=3,p=4$", "argon2id"),
            ("$argon2id$v=19$m=65537,t=3,p=4$", "too costly"),
            ("$argon2id$v=19$m=19456,t=11,p=1$", "too costly"),
            ("$argon2id$v=19$m=4294967295,t=1,p=1$", "too costly"),
            ("$argon2id$v=16$m=19456,t=2,p=1$", "malformed"),
            ("$argon2id$m=19456,t=2,p=1$", "malformed"),
            ("$argon2i$v=19$m=19456,t=2,p=1$", "argon2i"),
            ("$argon2d$v=19$m=19456,t=2,p=1$", "unknown"),
            ("$argon2id$v=19$m=19456,t=2,p=1,keyid=x$", "malformed"),
            ("$argon2id$v=19$m=19456,t=2$", "malformed"),
            ("$argon2id$v=19$t=2,m=19456,p=1$", "malformed"),
            ("$argon2id$v=19$m=+19456,t=2,p=1$", "malformed"),
            ("$argon2id$v=19$m=7,t=2,p=1$", "malformed"),
            ("$argon2id$v=19$m=19456,t=0,p=1$", "malformed"),
            ("$argon2id$v=19$m=19456,t=2,p=0$", "malformed"),
            ("$argon2id$v=19$m=19456,t=2,p=4294967295$", "malformed"),
            ("$pbkdf2-sha256$i=2000000$", "pbkdf2-sha256"),
            ("$pbkdf2-sha1$i=2000000$", "too costly"),
            ("$pbkdf2-sha512$i=2000001,l=32$", "too costly"),
            ("$pbkdf2-sha512$i=1000,l=33$", "malformed"),
            ("$pbkdf2-sha256$i=0$", "malformed"),
            ("$pbkdf2-md5$i=1000$", "unknown"),
            ("$scrypt$ln=16,r=8,p=1$", "scrypt"),
            ("$scrypt$ln=17,r=8,p=1$", "too costly"),
            ("$scrypt$ln=64,r=8,p=1$", "too costly"),
            ("$scrypt$ln=0,r=8,p=1$", "malformed"),
            ("$scrypt$ln=14,r=0,p=1$", "malformed"),
            ("$scrypt$ln=14,r=4294967295,p=4294967295$", "too costly"),
            ("scrypt$1000$saltsalt$8$1$", "malformed"),
            ("$2b$12$", "malformed"),
            ("$5$rounds=1000$", "unknown"),
            ("argon2$argon2$argon2id$v=19$m=19456,t=2,p=1$", "unknown"),
            ("bcrypt$bcrypt$$2b$04$", "unknown"),
        ];
        for (head, expected) in cases {
            assert_eq!(outcome(&format!("{head}{SALT_AND_HASH}")), expected, "{head}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        let salt = "BwcHBwcHBwcHBwcHBwcHBw";
        let bcrypt = "gLQL3W9j01hoZN.3sKURier1R0H/OEO0Y6QqJEIzJB2hCEmOlRMoe";
        let cases = [
            (String::new(), "unknown"),
            ("password".to_owned(), "unknown"),
            ("a".repeat(2000), "unknown"),
            ("0123456789abcdef0123456789ABCDEF".to_owned(), "unsalted"),
            ("0".repeat(40), "unsalted"),
            ("0".repeat(64), "unsalted"),
            (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}"), "malformed"),
            (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}$AAAAAAAAAAAAAA"), "malformed"),
            ("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwc$AAAAAAAAAAAAAAAAAAAAAA".to_owned(), "malformed"),
            (format!("$argon2id$v=19$m=19456,t=2,p=1${salt}$AAAAAAAAAAAAAAAAAAAAAA$"), "malformed"),
            (format!("$2b$04${bcrypt}"), "bcrypt"),
            (format!("$2b$4${bcrypt}"), "malformed"),
            (format!("$2b$03${bcrypt}"), "malformed"),
            (format!("$2b$15${bcrypt}"), "too costly"),
            (format!("$2b$04${bcrypt}x"), "malformed"),
            (format!("$2x$04${bcrypt}"), "unknown"),
            ("$aspnet-identity$".to_owned(), "malformed"),
            ("$aspnet-identity$AgAA".to_owned(), "malformed"),
            ("$aspnet-identity$AQAAAAP/////AAAAEAABAgME".to_owned(), "malformed"),
            ("$firebase-scrypt$ln=14,r=8$AAAA$AA$AAAAAAAAAAA$AAAA".to_owned(), "malformed"),
        ];
        for (text, expected) in cases {
            assert_eq!(outcome(&text), expected, "{text}");
        }
    }
}

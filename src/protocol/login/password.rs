//! Password hashes: Argon2id in PHC string format, with the parameters OWASP recommends (19 MiB, two passes, one lane).
//!
//! That takes tens of milliseconds of CPU, far more than everything else here; `docs/users.md` has the measurement.

use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64Unpadded, Encoding as _};
use subtle::ConstantTimeEq as _;

use crate::protocol::error::ServerError;
use crate::protocol::objects::subject::PasswordHash;
use crate::protocol::ports::Entropy;

/// Shortest password, in characters.
pub(super) const MIN_PASSWORD: usize = 8;
/// Longest password, in bytes.
pub(super) const MAX_PASSWORD: usize = 256;
/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Most memory in KiB and most passes that a hash from elsewhere may ask for.
const MOST: (u32, u32) = (65_536, 10);

/// How every hash here begins.
const HEAD: &str = "$argon2id$v=19$";

/// Hashes a new password with a fresh salt.
pub(super) fn hash(password: &str, entropy: &impl Entropy) -> Result<PasswordHash, ServerError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(failed)?;
    let (mut salt, mut output) = ([0_u8; 16], [0_u8; 32]);
    entropy.fill(&mut salt);
    compute(params, password, &salt, &mut output).map_err(failed)?;
    let [salt, output] = [salt.as_slice(), &output].map(Base64Unpadded::encode_string);
    Ok(PasswordHash(format!("{HEAD}m={memory},t={passes},p={lanes}${salt}${output}")))
}

/// Whether `password` is the one of `stored`. Without a hash it takes as long and is not.
pub(super) fn verify(stored: Option<&PasswordHash>, password: &str, entropy: &impl Entropy) -> bool {
    if password.len() > MAX_PASSWORD {
        return false;
    }
    let Some(phc) = stored.and_then(|stored| Phc::parse(&stored.0)) else {
        let _ = hash(password, entropy);
        return false;
    };
    let mut output = vec![0; phc.output.len()];
    compute(phc.params, password, &phc.salt, &mut output).is_ok() && bool::from(output.ct_eq(&phc.output))
}

/// A hash made elsewhere, if it can be verified here: Argon2id in version 19, within [`MOST`], with salt and output of usual length.
pub(super) fn import(text: &str) -> Option<PasswordHash> {
    Phc::parse(text).map(|_| PasswordHash(text.to_owned()))
}

/// What a PHC string says: `$argon2id$v=19$m=19456,t=2,p=1$SALT$OUTPUT`, both in base64 without padding.
struct Phc {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Phc {
    /// Reads the form in which every implementation writes it: the parameters in this order, and no others.
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix(HEAD)?.split('$');
        let mut costs = fields.next()?.split(',');
        let mut cost = |name| number(costs.next()?.strip_prefix(name)?);
        let (memory, passes, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
        let salt = Base64Unpadded::decode_vec(fields.next()?).ok()?;
        let output = Base64Unpadded::decode_vec(fields.next()?).ok()?;
        let is_usual = (8..=48).contains(&salt.len()) && (16..=64).contains(&output.len());
        let is_affordable = memory <= MOST.0 && passes <= MOST.1;
        if !is_usual || !is_affordable || costs.next().is_some() || fields.next().is_some() {
            return None;
        }
        let params = Params::new(memory, passes, lanes, None).ok()?;
        Some(Self { params, salt, output })
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?
}

fn compute(params: Params, password: &str, salt: &[u8], output: &mut [u8]) -> argon2::Result<()> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        password.as_bytes(),
        salt,
        output,
    )
}

fn failed(error: impl std::fmt::Display) -> ServerError {
    ServerError::internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let hash = hash("correct horse", &Sevens).expect("a hash");
        // As OpenSSL computes it.
        let expected = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$cTLmpgKLeruU6za+t2cUZ3fNfHVCYhGoJ8inpcUNcwc";
        assert_eq!(hash.0, expected);
        assert!(verify(Some(&hash), "correct horse", &Sevens));
        assert!(!verify(Some(&hash), "correct horsf", &Sevens));
        assert!(!verify(None, "correct horse", &Sevens));
        assert!(!verify(Some(&PasswordHash("nonsense".to_owned())), "nonsense", &Sevens));
    }

    #[test]
    fn only_argon2id_within_bounds_is_imported() {
        let salt_and_hash = "BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let cases = [
            ("$argon2id$v=19$m=65536,t=3,p=4$", true),
            ("$argon2id$v=19$m=65537,t=3,p=4$", false),
            ("$argon2id$v=19$m=19456,t=11,p=1$", false),
            ("$argon2id$v=16$m=19456,t=2,p=1$", false),
            ("$argon2id$m=19456,t=2,p=1$", false),
            ("$argon2i$v=19$m=19456,t=2,p=1$", false),
            ("$argon2d$v=19$m=19456,t=2,p=1$", false),
            ("$argon2id$v=19$m=19456,t=2,p=1,keyid=x$", false),
            ("$argon2id$v=19$m=19456,t=2$", false),
            ("$argon2id$v=19$t=2,m=19456,p=1$", false),
            ("$argon2id$v=19$m=+19456,t=2,p=1$", false),
            ("$argon2id$v=19$m=7,t=2,p=1$", false),
            ("$2b$12$", false),
        ];
        for (head, expected) in cases {
            assert_eq!(import(&format!("{head}{salt_and_hash}")).is_some(), expected, "{head}");
        }
        for text in [
            "",
            "password",
            "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw",
            "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwc$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAA$",
            "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw==$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(import(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_hash_that_asks_for_too_much_is_not_computed() {
        let hash = PasswordHash("$argon2id$v=19$m=1048576,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
        assert!(!verify(Some(&hash), "x", &Sevens));
    }
}

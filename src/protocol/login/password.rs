//! Password hashes: Argon2id in PHC string format, with the parameters OWASP recommends (19 MiB, two passes, one lane).
//!
//! That takes tens of milliseconds of CPU, far more than everything else here; `docs/users.md` has the measurement.

use argon2::password_hash::{PasswordHash as Phc, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::protocol::error::ServerError;
use crate::protocol::objects::subject::PasswordHash;
use crate::protocol::ports::Entropy;

/// Shortest password, in characters.
pub(crate) const MIN_PASSWORD: usize = 8;
/// Longest password, in bytes.
pub(crate) const MAX_PASSWORD: usize = 256;
/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Most memory in KiB and most passes that a hash from elsewhere may ask for.
const MOST: (u32, u32) = (65_536, 10);

fn hasher() -> Result<Argon2<'static>, ServerError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a new password with a fresh salt.
pub(super) fn hash(password: &str, entropy: &impl Entropy) -> Result<PasswordHash, ServerError> {
    let mut salt = [0_u8; 16];
    entropy.fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(failed)?;
    let hash = hasher()?.hash_password(password.as_bytes(), &salt).map_err(failed)?;
    Ok(PasswordHash(hash.to_string()))
}

/// Whether `password` is the one of `stored`. Without a hash it takes as long and is not.
pub(super) fn verify(stored: Option<&PasswordHash>, password: &str, entropy: &impl Entropy) -> bool {
    if password.len() > MAX_PASSWORD {
        return false;
    }
    let Some(phc) = stored.and_then(|stored| Phc::new(&stored.0).ok()).filter(is_affordable) else {
        let _ = hash(password, entropy);
        return false;
    };
    Argon2::default().verify_password(password.as_bytes(), &phc).is_ok()
}

/// A hash made elsewhere, if it can be verified here: Argon2id in version 19, within [`MOST`], with salt and output of usual length.
pub(super) fn import(text: &str) -> Option<PasswordHash> {
    let phc = Phc::new(text).ok()?;
    let is_argon2id = phc.algorithm.as_str() == "argon2id" && phc.version == Some(19);
    let salted = phc.salt.is_some_and(|salt| salt.len() >= 11);
    let long = phc.hash.is_some_and(|output| output.len() >= 16);
    (is_argon2id && salted && long && is_affordable(&phc)).then(|| PasswordHash(text.to_owned()))
}

/// A hash brought along from elsewhere may have other parameters, within reason.
fn is_affordable(phc: &Phc<'_>) -> bool {
    Params::try_from(phc).is_ok_and(|params| params.m_cost() <= MOST.0 && params.t_cost() <= MOST.1)
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
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
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

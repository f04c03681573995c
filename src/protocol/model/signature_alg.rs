//! The algorithms of other parties' signatures: those of clients that authenticate with a key, and of issuers whose tokens count
//! here. They are more than this server signs with itself ([`Alg`]).
//!
//! Asymmetric only: a name that isn't here, `none` and the HMACs among them, is never verified (RFC 8725 §3.1).

use serde::{Deserialize, Serialize};

use super::jwk::{Alg, PublicJwk};

/// An algorithm that signatures of others are verified with (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SignatureAlg {
    /// Ed25519, by the name that most libraries write (RFC 8037 §3.1).
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// Ed25519, by the name that says which curve it is (RFC 9864 §2.2).
    #[serde(rename = "Ed25519")]
    Ed25519,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    #[serde(rename = "ES384")]
    Es384,
    /// ECDSA on P-521 with SHA-512 (RFC 7518 §3.4).
    #[serde(rename = "ES512")]
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 §3.3).
    #[serde(rename = "RS384")]
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 §3.3).
    #[serde(rename = "RS512")]
    Rs512,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5).
    #[serde(rename = "PS256")]
    Ps256,
    /// RSASSA-PSS with SHA-384 (RFC 7518 §3.5).
    #[serde(rename = "PS384")]
    Ps384,
    /// RSASSA-PSS with SHA-512 (RFC 7518 §3.5).
    #[serde(rename = "PS512")]
    Ps512,
}

impl SignatureAlg {
    /// All of them, in the order in which the metadata lists them.
    pub const ALL: [Self; 11] = [
        Self::EdDsa,
        Self::Ed25519,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
    ];

    /// The algorithm's name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }

    /// The algorithm called `name`; names differ by case (RFC 7515 §4.1.1).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.name() == name)
    }

    /// Whether both names stand for the same algorithm here: Ed25519 has two.
    pub fn is_same(self, other: Self) -> bool {
        let canonical = |alg| if alg == Self::Ed25519 { Self::EdDsa } else { alg };
        canonical(self) == canonical(other)
    }

    /// Whether signatures of this algorithm are made with keys like `key`. Each curve has one algorithm (RFC 7518 §3.4).
    pub fn fits(self, key: &PublicJwk) -> bool {
        match (self, key) {
            (Self::EdDsa | Self::Ed25519, PublicJwk::Okp { crv, .. }) => crv == "Ed25519",
            (Self::Es256, PublicJwk::Ec { crv, .. }) => crv == "P-256",
            (Self::Es384, PublicJwk::Ec { crv, .. }) => crv == "P-384",
            (Self::Es512, PublicJwk::Ec { crv, .. }) => crv == "P-521",
            (
                Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512,
                PublicJwk::Rsa { .. },
            ) => true,
            _ => false,
        }
    }
}

impl From<Alg> for SignatureAlg {
    fn from(alg: Alg) -> Self {
        match alg {
            Alg::EdDsa => Self::EdDsa,
            Alg::Es256 => Self::Es256,
            Alg::Rs256 => Self::Rs256,
            Alg::Ps256 => Self::Ps256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written_and_no_others() {
        for alg in SignatureAlg::ALL {
            assert_eq!(SignatureAlg::named(alg.name()), Some(alg));
            assert_eq!(serde_json::to_value(alg).expect("JSON"), alg.name());
        }
        for bad in ["none", "None", "HS256", "HS512", "rs256", "ES256K", "Ed448", "RSA1_5", ""] {
            assert_eq!(SignatureAlg::named(bad), None, "{bad}");
        }
    }

    #[test]
    fn ed25519_has_two_names_and_nothing_else_has() {
        for one in SignatureAlg::ALL {
            for other in SignatureAlg::ALL {
                let is_edwards = |alg| matches!(alg, SignatureAlg::EdDsa | SignatureAlg::Ed25519);
                let same = one == other || is_edwards(one) && is_edwards(other);
                assert_eq!(one.is_same(other), same, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn each_curve_has_one_algorithm() {
        let ec = |crv: &str| PublicJwk::Ec { crv: crv.to_owned(), x: String::new(), y: String::new() };
        for (crv, only) in [("P-256", "ES256"), ("P-384", "ES384"), ("P-521", "ES512")] {
            let fitting: Vec<_> = SignatureAlg::ALL.into_iter().filter(|alg| alg.fits(&ec(crv))).collect();
            assert_eq!(fitting.into_iter().map(SignatureAlg::name).collect::<Vec<_>>(), [only]);
        }
        let own: Vec<_> = Alg::ALL.into_iter().map(|alg| SignatureAlg::from(alg).name()).collect();
        assert_eq!(own, Alg::ALL.map(Alg::name));
    }
}

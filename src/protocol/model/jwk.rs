//! Public keys as JSON Web Keys (RFC 7517) and their thumbprints (RFC 7638), with the algorithms that use them.
//!
//! These are the server's own keys; keys of other parties are read by `jwk_set`.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::protocol::codec::encoding::base64url;

/// The signature algorithms Mintedge signs with (RFC 7518 §3.1, RFC 8037 §3.1). Asymmetric only. The default is
/// the one that nearly every verifier takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Alg {
    /// Ed25519 (RFC 8037 §3.1).
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    #[default]
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5).
    #[serde(rename = "PS256")]
    Ps256,
}

impl Alg {
    /// All algorithms that this server signs with.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    /// The algorithm's name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

/// The members of a public key that make it up, in RFC 7638's order. There is no place for a private one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub enum PublicJwk {
    /// An Ed25519 key (RFC 8037 §2).
    #[serde(rename = "OKP")]
    Okp {
        /// Always `Ed25519`.
        crv: String,
        /// The public key, 32 bytes in base64url.
        x: String,
    },
    /// A key on an elliptic curve (RFC 7518 §6.2).
    #[serde(rename = "EC")]
    Ec {
        /// `P-256`; of other parties also `P-384` and `P-521`.
        crv: String,
        /// The x coordinate, as long as the curve asks for, in base64url.
        x: String,
        /// The y coordinate, as long as the curve asks for, in base64url.
        y: String,
    },
    /// An RSA key (RFC 7518 §6.3).
    #[serde(rename = "RSA")]
    Rsa {
        /// The exponent, big-endian in base64url.
        e: String,
        /// The modulus, big-endian in base64url.
        n: String,
    },
}

impl PublicJwk {
    /// The JWK thumbprint (RFC 7638 §3), base64url of SHA-256; Mintedge's `kid`.
    pub fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::Okp { crv, x } => format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#),
            Self::Ec { crv, x, y } => format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Rsa { e, n } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        };
        base64url(&Sha256::digest(canonical.as_bytes()))
    }
}

/// One entry of the key set at `/jwks` (RFC 7517 §4).
#[derive(Debug, Serialize)]
pub struct PublishedJwk<'a> {
    /// The key's id, its thumbprint (RFC 7638).
    pub kid: &'a str,
    /// The one algorithm that the key is used with.
    pub alg: Alg,
    /// The key's use, always `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// The members of the public key itself.
    #[serde(flatten)]
    pub key: &'a PublicJwk,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 §3.1.
    #[test]
    fn thumbprint_matches_rfc_7638_example() {
        let key = PublicJwk::Rsa {
            e: "AQAB".to_owned(),
            n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw".to_owned(),
        };
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// RFC 8037 appendix A.3.
    #[test]
    fn thumbprint_matches_rfc_8037_example() {
        let key = PublicJwk::Okp {
            crv: "Ed25519".to_owned(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
        };
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}

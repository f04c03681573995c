//! The grants that this server has: the registry that metadata, registration, validation and dispatch read. What each decides is
//! in the file of its name under `grants/`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The fixed properties of one grant type.
#[derive(Debug)]
pub struct GrantInfo {
    /// The `grant_type` parameter that asks for it (RFC 6749 §4.5).
    pub name: &'static str,
    /// Whether only clients that authenticate may use it.
    pub confidential_only: bool,
    /// Whether the subject of its tokens is a user.
    pub speaks_of_user: bool,
    /// Whether the metadata names it only if a client is registered for it.
    pub on_request_only: bool,
}

macro_rules! registry {
    ($($(#[$doc:meta])* $variant:ident = $name:literal { $($property:ident: $value:literal),+ $(,)? },)+) => {
        /// A grant that this server has. In JSON and on the wire its registered name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum GrantType {
            $($(#[$doc])* $variant),+
        }

        impl GrantType {
            /// All grant types, in registration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The fixed properties of this grant type.
            pub const fn info(self) -> &'static GrantInfo {
                match self { $(Self::$variant => &GrantInfo { name: $name, $($property: $value),+ }),+ }
            }
        }
    };
}

registry! {
    /// The authorization code grant (RFC 6749 §4.1).
    AuthorizationCode = "authorization_code" { confidential_only: false, speaks_of_user: true, on_request_only: false },
    /// Client-Initiated Backchannel Authentication (`CIBA` §10.1).
    Ciba = "urn:openid:params:grant-type:ciba" { confidential_only: true, speaks_of_user: true, on_request_only: true },
    /// The client credentials grant (RFC 6749 §4.4).
    ClientCredentials = "client_credentials" { confidential_only: true, speaks_of_user: false, on_request_only: false },
    /// An extension: one API acts for the person whose token it was given.
    Delegation = "delegation" { confidential_only: true, speaks_of_user: true, on_request_only: true },
    /// The device authorization grant (RFC 8628).
    DeviceCode = "urn:ietf:params:oauth:grant-type:device_code" { confidential_only: false, speaks_of_user: true, on_request_only: true },
    /// An extension: a subject that nobody has logged in as.
    Guest = "urn:mintedge:grant-type:guest" { confidential_only: false, speaks_of_user: false, on_request_only: true },
    /// JWTs of trusted issuers as grants (RFC 7523 §2.1).
    JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" { confidential_only: false, speaks_of_user: false, on_request_only: true },
    /// The password grant (RFC 6749 §4.3), meant for migrations only.
    Password = "password" { confidential_only: true, speaks_of_user: true, on_request_only: true },
    /// Refreshing an access token (RFC 6749 §6).
    RefreshToken = "refresh_token" { confidential_only: false, speaks_of_user: true, on_request_only: false },
    /// Token exchange (RFC 8693).
    TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange" { confidential_only: false, speaks_of_user: true, on_request_only: true },
}

impl GrantType {
    /// The grant type's registered name, as on the wire.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The grant type that is called `name` on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.name() == name)
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for GrantType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for GrantType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|grant| format!("`{grant}`")).collect();
            serde::de::Error::custom(format!("unknown grant `{name}`, expected one of {}", known.join(", ")))
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for GrantType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GrantType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = Self::ALL.iter().map(|grant| grant.name()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

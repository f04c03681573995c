//! `[client.device]`: how a client may be connected to an account from another device (RFC 8628), and how careful people have to be
//! with it (BCP 247).

use serde::{Deserialize, Serialize};

use crate::protocol::model::time::MINUTE;

/// The longest time for which a code may work, in seconds.
pub const MAX_DEVICE_LIFETIME: u64 = 30 * MINUTE;

/// `[client.device]`: what the defaults allow fits a television at home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceConfig {
    /// How long a code works, in seconds; 120 to 1800.
    #[cfg_attr(feature = "schema", schemars(range(min = 120, max = 1800)))]
    pub lifetime: u64,
    /// Whether it gets a link and a QR code with the user code in them. Without, people have to type the code themselves, so that
    /// a link from a stranger leads nowhere.
    pub link: bool,
    /// Whether device and person have to be in the same network.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub same_network: bool,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self { lifetime: 10 * MINUTE, link: true, same_network: false }
    }
}

impl DeviceConfig {
    /// Whether every member has its default, so that the table need not be stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

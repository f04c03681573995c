//! `[branding]`: the organization's name, logo, color and help link on the pages. `pages` renders them.

use serde::{Deserialize, Serialize};

/// The organization that people sign in to, as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Theme {
    /// The organization's name, on top of every page.
    pub name: String,
    /// An image beside the name; `https` only. About 32 pixels high on the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// The color of buttons and links as `#rrggbb`. Text on it and shades for links are chosen to stay readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// `https` or `http` URI of a page where people get help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_uri: Option<String>,
}

impl Default for Theme {
    fn default() -> Self {
        Self { name: "Mintedge".to_owned(), logo_uri: None, accent: None, support_uri: None }
    }
}

//! The style sheet: fixed rules plus the colors that follow from the theme's accent. `endpoints::assets` serves it.

use sha2::{Digest as _, Sha256};

use super::color::{BLACK, Color, WHITE};
use crate::protocol::codec::encoding::base64url;
use crate::protocol::config::theme::Theme;

const RULES: &str = include_str!("style.css");

/// The accent of a theme that names none, or none that can be read.
const DEFAULT_ACCENT: Color = Color::new(0x0f, 0x76, 0x6e);
/// The darkest light surface and the lightest dark one that links stand on; `--page` and `--card` of the rules.
const LIGHT: Color = Color::new(0xf4, 0xf5, 0xf7);
const DARK: Color = Color::new(0x1a, 0x1e, 0x25);

/// Contrast of text, of text in the dark (which looks dimmer than it measures), and of things that have to be found.
const TEXT: f64 = 4.5;
const DARK_TEXT: f64 = 6.0;
const SHAPE: f64 = 3.0;

/// The style sheet of `theme`, served at `{base}/assets/style.css`.
pub fn stylesheet(theme: &Theme) -> String {
    let accent = theme.accent.as_deref().and_then(Color::parse).unwrap_or(DEFAULT_ACCENT);
    let light = shades(accent, LIGHT, BLACK, TEXT);
    let dark = shades(accent, DARK, WHITE, DARK_TEXT);
    format!(":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{RULES}")
}

/// What becomes of the accent on `surface`, whose opposite is `end`.
fn shades(accent: Color, surface: Color, end: Color, text: f64) -> String {
    let fill = accent.distinct(surface, end);
    let on_fill = fill.text_on();
    let hover = fill.toward(if on_fill == WHITE { BLACK } else { WHITE }, 4);
    let link = fill.readable(surface, end, text);
    let edge = fill.readable(surface, end, SHAPE);
    format!(
        "--accent: {fill}; --on-accent: {on_fill}; --accent-hover: {hover}; --link: {link}; --edge: {edge};"
    )
}

/// Changes with the style sheet; the pages ask for `style.css?v=` this, so that it may be cached for long.
///
/// A [`FormPostPage`](super::FormPostPage) knows no theme and asks without, which may be cached briefly only.
pub fn stylesheet_version(theme: &Theme) -> String {
    let digest = Sha256::digest(stylesheet(theme).as_bytes());
    base64url(digest.get(..9).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accent(accent: &str) -> String {
        stylesheet(&Theme { accent: Some(accent.to_owned()), ..Theme::default() })
    }

    #[test]
    fn the_surfaces_are_those_of_the_rules() {
        assert!(RULES.contains(&format!("--page: {LIGHT}")));
        assert!(RULES.contains(&format!("--card: {DARK}")));
    }

    #[test]
    fn text_on_the_accent_is_black_or_white() {
        assert!(accent("#ffd400").contains("--on-accent: #000000"));
        assert!(accent("#1a237e").contains("--on-accent: #ffffff"));
    }

    #[test]
    fn a_black_accent_turns_white_in_the_dark_and_a_yellow_one_stays() {
        let count = |sheet: &str, rule: &str| sheet.matches(rule).count();
        assert_eq!(count(&accent("#000000"), "--accent: #000000"), 1);
        assert_eq!(count(&accent("#000000"), "--accent: #efefef; --on-accent: #000000"), 1);
        assert_eq!(count(&accent("#ffd400"), "--accent: #ffd400; --on-accent: #000000"), 2);
    }

    #[test]
    fn an_accent_that_is_no_color_is_ignored() {
        assert_eq!(accent("red;} body{display:none}"), stylesheet(&Theme::default()));
    }

    #[test]
    fn the_version_follows_the_accent() {
        let other = Theme { accent: Some("#123456".to_owned()), ..Theme::default() };
        assert_ne!(stylesheet_version(&other), stylesheet_version(&Theme::default()));
        assert_eq!(stylesheet_version(&other).len(), 12);
    }

    #[test]
    fn the_rules_load_nothing_from_anywhere() {
        assert!(!RULES.contains("url(") && !RULES.contains("@import"));
    }
}

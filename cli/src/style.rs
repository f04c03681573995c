//! Colors. The streams strip them where they don't belong.

use anstyle::{AnsiColor, Effects, Style};

/// Something new.
pub(crate) const ADD: Style = AnsiColor::Green.on_default();
/// Something that changes.
pub(crate) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// Something that goes.
pub(crate) const REMOVE: Style = AnsiColor::Red.on_default();
/// Errors.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
/// Warnings.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
/// What is only there for orientation.
pub(crate) const DIM: Style = AnsiColor::BrightBlack.on_default();

/// `text` in `style`.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// `text` in bold.
pub(crate) fn bold(text: impl std::fmt::Display) -> String {
    styled(Style::new().bold(), text)
}

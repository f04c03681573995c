//! The operating system's keyring. Where there is none, or it doesn't answer, everything here says so and nothing fails: the file does.

use keyring::v1::Entry;

/// The variable that keeps the keyring out of it.
const SWITCH: &str = "MINTEDGE_KEYRING";
/// What the entries are called in the keyring.
const SERVICE: &str = "mintedge";

fn entry(issuer: &str) -> Option<Entry> {
    if std::env::var(SWITCH).is_ok_and(|value| value == "off") {
        return None;
    }
    Entry::new(SERVICE, issuer).ok()
}

/// What is kept for `issuer`.
pub(super) fn read(issuer: &str) -> Option<String> {
    String::from_utf8(entry(issuer)?.get_secret().ok()?).ok()
}

/// Keeps `text` for `issuer`; whether that worked.
pub(super) fn write(issuer: &str, text: &str) -> bool {
    entry(issuer).is_some_and(|entry| entry.set_secret(text.as_bytes()).is_ok())
}

/// Forgets what is kept for `issuer`.
pub(super) fn delete(issuer: &str) {
    if let Some(entry) = entry(issuer) {
        // There may be nothing to forget.
        let _ = entry.delete_credential();
    }
}

//! How long a document is used before it is fetched again (RFC 9111 §4.2), within bounds of ours: nobody makes this server fetch all
//! the time, and nobody keeps it from learning of a change for longer than a day.

use crate::protocol::model::time::{DAY, HOUR, MINUTE};

/// The shortest time, in seconds; also for a document that must not be stored.
pub const SHORTEST: u64 = 5 * MINUTE;
/// The longest time, in seconds.
pub const LONGEST: u64 = DAY;
/// The time for a document that says nothing about it, in seconds.
const USUAL: u64 = HOUR;

/// The lifetime that `Cache-Control` gives a document whose `Age` is this, in seconds.
///
/// `s-maxage` wins over `max-age`. An isolate's copy is a shared one, so `private` counts like `no-store`. `Expires` is not looked at.
pub fn lifetime(cache_control: &str, age: &str) -> u64 {
    let directives = || cache_control.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    let seconds = |name: &str| {
        directives().find_map(|directive| {
            let (key, value) = directive.split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches('"').parse::<u64>().ok()).flatten()
        })
    };
    let kept_by_nobody = |directive: String| {
        let name = directive.split('=').next().unwrap_or_default().trim();
        matches!(name, "no-store" | "no-cache" | "private")
    };
    if directives().any(kept_by_nobody) {
        return SHORTEST;
    }
    let stated = seconds("s-maxage").or(seconds("max-age"));
    let passed = age.trim().parse::<u64>().unwrap_or_default();
    stated.map_or(USUAL, |stated| stated.saturating_sub(passed)).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_used_for_five_minutes_to_a_day() {
        for (cache_control, age, expected) in [
            ("", "", USUAL),
            ("max-age=600", "", 600),
            ("public, max-age=7200", "", 7200),
            ("MAX-AGE=7200", "", 7200),
            ("max-age=\"7200\"", "", 7200),
            ("max-age=7200", "7000", SHORTEST),
            ("max-age=7200", "1200", 6000),
            ("max-age=0", "", SHORTEST),
            ("max-age=99999999999999999999", "", USUAL),
            ("max-age=31536000, immutable", "", LONGEST),
            ("max-age=7200, s-maxage=900", "", 900),
            ("no-store", "", SHORTEST),
            ("no-cache=\"x\", max-age=7200", "", SHORTEST),
            ("private, max-age=7200", "", SHORTEST),
            ("max-age=-5", "", USUAL),
            ("max-age", "x", USUAL),
        ] {
            assert_eq!(lifetime(cache_control, age), expected, "{cache_control} {age}");
        }
    }
}

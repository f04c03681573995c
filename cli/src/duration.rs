//! Durations on the command line: `90`, `15m`, `24h`, `30d`.

use mintedge::protocol::model::time::{DAY, HOUR, MINUTE};

/// Reads a duration as seconds: a whole number and a unit (`s`, `m`, `h`, `d`; seconds without one).
///
/// # Errors
/// Says how a duration looks.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return Err("a duration is a number and s, m, h or d, such as 24h".to_owned()),
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number.ok_or_else(|| "a duration is a number and s, m, h or d, such as 24h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit_or_none() {
        let good = [("0", 0), ("90", 90), ("90s", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000)];
        for (text, seconds) in good {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for bad in
            ["", "h", "-1h", "1.5h", "1h30m", "24H", "1w", "99999999999999999999", "18446744073709551615d"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

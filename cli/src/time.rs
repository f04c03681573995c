//! Showing points in time.

use std::time::SystemTime;

use mintedge::protocol::model::time::{DAY, HOUR, MINUTE, Timestamp};

/// `at` in UTC, such as `2027-01-15T08:00:00Z` (RFC 3339).
pub(crate) fn utc(at: Timestamp) -> String {
    let (days, second) = (at.0 / DAY, at.0 % DAY);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / HOUR, second % HOUR / MINUTE, second % MINUTE);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Reads a date, such as `2027-01-15`, or a point in time, such as `2027-01-15T08:00:00.5+02:00`; without a zone it is UTC.
pub(crate) fn read_date(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-')?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let days = days_before(year, month) + day.checked_sub(1)?;
    if civil(days) != (year, month, day) {
        return None;
    }
    let rest = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest);
    let zone_start = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(zone_start)?;
    let time = time.split('.').next().unwrap_or_default();
    let seconds = match (time.is_empty(), time.len()) {
        (true, _) => 0,
        (false, 5) => clock(&format!("{time}:00"))?,
        (false, _) => clock(time)?,
    };
    let moment = days * DAY + seconds;
    match zone.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => Some(Timestamp(moment)),
        Some(("+", offset)) => moment.checked_sub(clock(&format!("{offset}:00"))?).map(Timestamp),
        Some(("-", offset)) => Some(Timestamp(moment + clock(&format!("{offset}:00"))?)),
        Some(_) => None,
    }
}

/// Reads the date of an HTTP header, such as `Fri, 15 Jan 2027 08:00:00 GMT` (RFC 9110 §5.6.7, the preferred form).
pub(crate) fn read_http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = date.split(' ').collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    read_date(&format!("{year}-{month:02}-{day}T{time}Z"))
}

fn clock(text: &str) -> Option<u64> {
    let [hour, minute, second] = numbers(text, ':')?;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * HOUR + minute * MINUTE + second)
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let numbers: Option<Vec<u64>> = text
        .split(separator)
        .map(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?)
        .collect();
    numbers?.try_into().ok()
}

/// Days from 1970-01-01 to the first of a month.
fn days_before(year: u64, month: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * month + 2) / 5;
    era * 146_097 + day_of_era - 719_468
}

/// This moment.
#[expect(clippy::disallowed_methods, reason = "the command has no other clock")]
pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp(elapsed.map_or(0, |elapsed| elapsed.as_secs()))
}

/// The Gregorian date of a number of days since 1970-01-01, counted in eras of 400 years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days.saturating_add(719_468);
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_read_as_utc() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(utc(Timestamp(seconds)), expected);
            assert_eq!(read_date(expected), Some(Timestamp(seconds)));
        }
    }

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(read_http_date("Fri, 15 Jan 2027 08:00:00 GMT"), Some(Timestamp(1_800_000_000)));
        for bad in [
            "Fri, 15 Jan 2027 08:00:00",
            "Friday, 15-Jan-27 08:00:00 GMT",
            "Fri, 31 Feb 2027 08:00:00 GMT",
            "",
        ] {
            assert_eq!(read_http_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_read_with_and_without_time_and_zone() {
        let at = 1_800_000_000;
        let cases = [
            ("2027-01-15", Some(at - 8 * HOUR)),
            ("2027-01-15T08:00", Some(at)),
            ("2027-01-15 08:00:00", Some(at)),
            ("2027-01-15T08:00:00.1234567", Some(at)),
            ("2027-01-15T10:30:00+02:30", Some(at)),
            ("2027-01-15T03:00:00-05:00", Some(at)),
            ("2027-02-29", None),
            ("2027-13-01", None),
            ("2027-00-10", None),
            ("2027-01-00", None),
            ("1969-12-31", None),
            ("2027-01-15T24:00:00", None),
            ("2027-01-15T08:00:00X", None),
            ("15.01.2027", None),
            ("/Date(1800000000000)/", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read_date(text), expected.map(Timestamp), "{text}");
        }
    }
}

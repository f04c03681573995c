//! Punycode (RFC 3492), decoding only: whether a label of a host name that begins with `xn--` stands for anything. Only
//! `codec::uri` calls it.
//!
//! URL parsers refuse a host whose labels they can't decode, so a redirect there leads nowhere. Which letters a registry gives
//! out (RFC 5892) is left to the DNS.

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// Whether `encoded` decodes to letters of which some are beyond ASCII and none is a capital or a control character. It is what
/// follows `xn--` in a label, in lower case. Capitals of Cherokee are allowed, because that is written in what Unicode calls
/// capitals.
pub(super) fn is_sound(encoded: &str) -> bool {
    let has_small =
        |letter: char| letter.to_lowercase().ne([letter]) && !('\u{13a0}'..='\u{13f5}').contains(&letter);
    let is_foreign = |letter: char| letter.is_control() || has_small(letter);
    decode(encoded).is_some_and(|text| !text.is_ascii() && !text.contains(is_foreign))
}

/// Decodes a label (RFC 3492 §6.2). `None` if it begins with its delimiter, ends early, has a character that is no digit, or goes
/// beyond Unicode.
fn decode(encoded: &str) -> Option<String> {
    let (basic, extended) = match encoded.rsplit_once('-') {
        Some(("", _)) => return None,
        Some(parts) => parts,
        None => ("", encoded),
    };
    let mut text: Vec<char> = basic.chars().collect();
    let mut digits = extended.bytes();
    let (mut n, mut i, mut bias) = (INITIAL_N, 0_u32, INITIAL_BIAS);
    while digits.len() > 0 {
        let delta = delta(&mut digits, bias)?;
        let length = u32::try_from(text.len()).ok()?.checked_add(1)?;
        bias = adapt(delta, length, i == 0 && text.len() == basic.len());
        i = i.checked_add(delta)?;
        n = n.checked_add(i / length)?;
        i %= length;
        text.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(text.into_iter().collect())
}

/// Reads one number of variable length (RFC 3492 §3.3).
fn delta(digits: &mut impl Iterator<Item = u8>, bias: u32) -> Option<u32> {
    let (mut delta, mut weight, mut k) = (0_u32, 1_u32, BASE);
    loop {
        let digit = match digits.next()? {
            letter @ b'a'..=b'z' => u32::from(letter - b'a'),
            number @ b'0'..=b'9' => u32::from(number - b'0') + 26,
            _ => return None,
        };
        delta = delta.checked_add(digit.checked_mul(weight)?)?;
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if digit < threshold {
            return Some(delta);
        }
        weight = weight.checked_mul(BASE - threshold)?;
        k += BASE;
    }
}

/// Adapts the bias after a number was read (RFC 3492 §6.1).
fn adapt(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn labels_are_decoded() {
        for (encoded, text) in [
            ("bcher-kva", "bücher"),
            ("exmple-cua", "exämple"),
            ("80ak6aa92e", "аррӏе"),
            ("wgv71a119e", "日本語"),
            ("ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Some(text));
            assert!(is_sound(encoded), "{encoded}");
        }
        for bad in ["a", "", "-", "999999999999", "bcher-kv\u{e4}", "abc-", "99999999"] {
            assert!(!is_sound(bad), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn what_an_independent_parser_writes_is_sound(label in "[a-z]{0,3}[à-öα-ωа-яא-ת一-龠ア-ンก-ฮअ-ह]{1,6}[a-z0-9]{0,3}") {
            if let Ok(url) = Url::parse(&format!("https://{label}.example/")) {
                let host = url.host_str().expect("a host");
                if let Some(encoded) = host.split('.').next().and_then(|label| label.strip_prefix("xn--")) {
                    prop_assert!(is_sound(encoded), "{label} {host}");
                }
            }
        }

        #[test]
        fn what_an_independent_parser_reads_is_sound(encoded in "([a-z0-9-]{0,3})[a-z0-9]{1,6}") {
            if Url::parse(&format!("https://xn--{encoded}.example/")).is_ok() {
                prop_assert!(is_sound(&encoded), "{:?}", decode(&encoded));
            }
        }
    }
}

//! Base64 in its several forms (RFC 4648), base62 and percent-encoding (RFC 3986 §2.1). Every function is total; none panics. All
//! layers use it.
//!
//! Base64 comes from two crates, and this is the only file that names either of them. What anybody may read (the parts of a JWT,
//! public keys, hashes that name something) goes through `base64`, whose lookup tables are fast. What has to stay secret (seeds,
//! keys, sealed values, secrets and their hashes, the names of sessions) goes through `base64ct`, which looks nothing up in
//! a table, so that neither the time it takes nor what it leaves in a processor's cache tells of the bytes. Both refuse
//! what isn't canonical: padding where there is none, bits to spare that aren't zero.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64ct::{Base64, Base64Bcrypt, Base64Unpadded, Base64UrlUnpadded, Encoding as _};

use super::json;

/// Writes bytes that are no secret as base64url without padding (RFC 7515 §2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends bytes that are no secret to `text`, as base64url without padding.
pub fn push_base64url(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// Decodes base64url without padding that holds no secret; `None` for anything else, non-canonical tails included.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Writes a secret as base64url without padding.
pub fn secret_base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Decodes a secret from base64url without padding; `None` for anything else, non-canonical tails included.
pub fn from_secret_base64url(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// Writes a secret as padded standard base64 (RFC 4648 §4), as HTTP Basic has it.
pub fn secret_base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Decodes a secret from padded standard base64 (RFC 4648 §4), as HTTP Basic has it.
pub fn from_secret_base64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Writes a password's salt or hash as standard base64 without padding, as PHC strings have it.
pub(crate) fn secret_base64_unpadded(bytes: &[u8]) -> String {
    Base64Unpadded::encode_string(bytes)
}

/// Decodes a password's salt or hash from standard base64 without padding.
pub(crate) fn from_secret_base64_unpadded(text: &str) -> Option<Vec<u8>> {
    Base64Unpadded::decode_vec(text).ok()
}

/// Decodes a password's salt or hash from base64 with bcrypt's own alphabet.
pub(crate) fn from_secret_base64_bcrypt(text: &str) -> Option<Vec<u8>> {
    Base64Bcrypt::decode_vec(text).ok()
}

/// Reads JSON from bytes; `None` if they aren't UTF-8, or not the JSON of a `T`.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    json::from_str(core::str::from_utf8(bytes).ok()?).ok()
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes `bytes` as a big-endian base62 number of exactly `width` digits, keeping the lowest digits.
pub fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = Vec::with_capacity(width);
    for _ in 0..width {
        let mut remainder = 0_u32;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        let digit = usize::try_from(remainder).ok().and_then(|index| BASE62.get(index));
        digits.push(digit.copied().map_or('0', char::from));
    }
    digits.iter().rev().collect()
}

/// Decodes one `application/x-www-form-urlencoded` component: `+` is a space, `%XX` a byte, the result
/// UTF-8. `None` for a broken escape or broken UTF-8.
pub fn form_decode(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Some(text.to_owned());
    }
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next()?)? * 16 + hex_digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

/// Encodes one component of a query or form: everything but unreserved characters as `%XX`.
pub fn form_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Percent-encodes every byte, for tests.
#[cfg(test)]
pub(crate) fn percent_encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two crates stand for one encoding: whatever one of them reads the other reads alike, and both write the same.
    #[test]
    fn secrets_and_public_data_are_encoded_alike() {
        let mut bytes = Vec::new();
        for length in 0..200_u8 {
            bytes.push(length.wrapping_mul(167) ^ 0x5a);
            let text = base64url(&bytes);
            assert_eq!(text, secret_base64url(&bytes));
            for last in ["A", "B", "Q", "_", "-", "+", "=", "\n", ""] {
                let changed = format!("{}{last}", &text[..text.len() - 1]);
                assert_eq!(from_base64url(&changed), from_secret_base64url(&changed), "{changed}");
            }
        }
        assert_eq!(from_base64url("-_8"), Some(vec![0xfb, 0xff]));
        for bad in ["-_9", "-_8=", "+/8", "a", "-_8 ", " ", "é"] {
            assert_eq!((from_base64url(bad), from_secret_base64url(bad)), (None, None), "{bad}");
        }
    }

    #[test]
    fn base62_is_positional_and_fixed_width() {
        assert_eq!(base62(&[0, 61], 3), "00z");
        assert_eq!(base62(&[0, 62], 3), "010");
        assert_eq!(base62(&[0xff; 4], 6), "4gfFC3");
    }

    #[test]
    fn form_decoding_accepts_only_whole_escapes_and_utf8() {
        let cases = [
            ("plain", Some("plain")),
            ("a+b%20c", Some("a b c")),
            ("%E2%82%ac", Some("€")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%ff", None),
            ("", Some("")),
        ];
        for (input, expected) in cases {
            assert_eq!(form_decode(input).as_deref(), expected, "{input}");
        }
    }
}

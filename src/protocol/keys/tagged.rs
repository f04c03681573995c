//! Tagged values: everybody can read them, and only this server can make them. An edge checks the tag (a MAC) before it asks an
//! object, so a forged value costs no object call. Refresh tokens, session cookies, links, pushed requests and device codes are
//! made with it.
//!
//! `prefix ‖ base64url(NAMED ‖ generation ‖ body ‖ tag) ‖ checksum`. Values of releases before there were generations lack the
//! first two bytes and are good for as long as that generation of the root secret is.

use subtle::ConstantTimeEq as _;

use super::derived::{Guard, NAMED, mac};
use crate::protocol::codec::encoding::{from_secret_base64url, secret_base64url};
use crate::protocol::model::secret::{SecretBytes, split_checksum, with_checksum};

const TAG: usize = 16;

/// Tags `body` with the current key, as text that begins with `prefix`.
pub(crate) fn tagged(prefix: &str, guard: &Guard, body: &[u8]) -> String {
    let (id, key) = guard.current();
    let tag = mac(key, &[prefix.as_bytes(), &[NAMED, id], body]);
    to_wire(prefix, &[&[NAMED, id], body], &tag)
}

/// Checks the tag of `text`. Returns the key that it was made with, and its body; `None` if the tag is wrong.
pub(crate) fn untagged(prefix: &str, guard: &Guard, text: &str) -> Option<(SecretBytes, Vec<u8>)> {
    let (all, tag) = from_wire(prefix, text)?;
    if let Some((head @ [NAMED, id], body)) = all.split_first_chunk::<2>()
        && let Some(key) = guard.named(*id)
        && fits(&mac(&key, &[prefix.as_bytes(), head, body]), &tag)
    {
        return Some((key, body.to_vec()));
    }
    let key = guard.unnamed()?;
    fits(&mac(&key, &[prefix.as_bytes(), &all]), &tag).then_some((key, all))
}

/// Writes `parts` and the tag as text, with prefix and checksum.
pub(crate) fn to_wire(prefix: &str, parts: &[&[u8]], tag: &[u8]) -> String {
    let mut all = parts.concat();
    all.extend(tag.get(..TAG).unwrap_or_default());
    with_checksum(format!("{prefix}{}", secret_base64url(&all)))
}

/// Splits a text into what stands before the tag, and the tag. Nothing is verified but prefix and checksum.
pub(crate) fn from_wire(prefix: &str, text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut all = from_secret_base64url(split_checksum(text)?.strip_prefix(prefix)?)?;
    let split = all.len().checked_sub(TAG)?;
    let tag = all.split_off(split);
    Some((all, tag))
}

/// Whether `tag` is the tag that belongs to `mac`, compared in constant time.
pub(crate) fn fits(mac: &[u8], tag: &[u8]) -> bool {
    mac.get(..TAG).unwrap_or_default().ct_eq(tag).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::keys::derived::{Derived, Purpose, Root};

    fn root(id: u8, unnamed: bool, retired_for: &[Purpose]) -> Root {
        let unnamed_until = unnamed.then_some(crate::protocol::model::time::Timestamp(1));
        let retired_for = retired_for.iter().copied().collect();
        Root { id, secret: SecretBytes::new(vec![id; 32]), retired_for, unnamed_until }
    }

    fn derived(roots: Vec<Root>, writing: u8) -> Derived {
        Derived::new(&SecretBytes::new(vec![9; 32]), roots, writing)
    }

    #[test]
    fn a_value_is_good_while_its_generation_is() {
        let old = derived(vec![root(0, false, &[])], 0);
        let text = tagged("mel_", &old.link, b"body");
        let both = derived(vec![root(0, false, &[]), root(1, false, &[])], 1);
        assert_eq!(untagged("mel_", &both.link, &text).expect("read").1, b"body");
        assert!(untagged("mel_", &both.session, &text).is_none(), "another purpose");
        assert!(untagged("mep_", &both.link, &text).is_none(), "another prefix");
        let without = derived(vec![root(1, false, &[])], 1);
        let retired = derived(vec![root(0, false, &[Purpose::Link]), root(1, false, &[])], 1);
        assert!(untagged("mel_", &without.link, &text).is_none());
        assert!(untagged("mel_", &retired.link, &text).is_none());
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).expect("ascii");
            assert!(untagged("mel_", &both.link, &changed).is_none(), "{index}");
        }
    }

    #[test]
    fn a_value_of_an_earlier_release_is_good_while_that_ones_generation_is() {
        let earlier = derived(vec![root(0, true, &[])], 0);
        for body in [b"owner and secret".as_slice(), &[NAMED, 0, 1, 2, 3]] {
            let tag = mac(earlier.link.current().1, &[b"mel_", body]);
            let text = to_wire("mel_", &[body], &tag);
            let both = derived(vec![root(0, true, &[]), root(1, false, &[])], 1);
            assert_eq!(untagged("mel_", &both.link, &text).expect("read").1, body);
            let retired = derived(vec![root(0, true, &[Purpose::Link]), root(1, false, &[])], 1);
            let fresh = derived(vec![root(0, false, &[])], 0);
            for none in [retired, fresh, derived(vec![root(1, false, &[])], 1)] {
                assert!(untagged("mel_", &none.link, &text).is_none());
            }
        }
    }
}

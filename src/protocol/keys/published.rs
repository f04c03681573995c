//! The keyring in KV: private keys and root secrets, sealed so that only edges with the deployment's `KEK` can read them.
//!
//! The value is `1.GOOD_UNTIL.VERSION.KEK.SEALED`. The first part is the layout, the second the time after which no edge takes
//! the value any more, the third the version of the keys, and the fourth names the `KEK`. The last part is a
//! [`KeyringParcel`] as JSON, encrypted with XChaCha20-Poly1305. All parts before it, and the issuer, are its
//! associated data: nobody without the `KEK` can make a value, change one, or give it another issuer, version or end.
//!
//! The key is derived from the `KEK` with a context of its own, so it is another one than the key that wraps the rows of the
//! Control object. `docs/decisions/keys-in-kv.md` says why the value has an end. The Control object seals the value, and
//! `server::published` opens it.

use super::kek::Keks;
use super::keyring::KeyringParcel;
use super::sealed::{decrypted, encrypted};
use crate::protocol::codec::encoding::{base64url, from_base64url, from_json};
use crate::protocol::http::error::ServerError;
use crate::protocol::http::json::to_json;
use crate::protocol::model::entropy::Entropy;
use crate::protocol::model::issuer::Issuer;
use crate::protocol::model::time::{DAY, Timestamp};

/// How long after it was made an edge accepts a published value, in seconds.
pub const GOOD_FOR: u64 = 3 * DAY;
/// The age at which a published value is made again although the keys are the same, in seconds.
pub const RENEW_AFTER: u64 = DAY;

const LAYOUT: &str = "1";
const CONTEXT: &[u8] = b"mintedge keyring in kv v1";

/// Seals `parcel` for the edges of `issuer`; `None` if there is no `KEK` to seal it under.
///
/// # Errors
/// Ours only: the parcel is no JSON, or the cipher refuses.
pub fn seal(
    parcel: &KeyringParcel,
    keks: &Keks,
    issuer: &Issuer,
    now: Timestamp,
    entropy: &impl Entropy,
) -> Result<Option<String>, ServerError> {
    let Some((kek, key)) = keks.current_derived(&key_context(issuer)) else { return Ok(None) };
    let plain = to_json(parcel)?;
    let header = format!("{LAYOUT}.{}.{}.{kek}", now.plus(GOOD_FOR).0, parcel.version);
    let sealed = encrypted(&key, &associated_data(&header, issuer), plain.as_bytes(), entropy)?;
    Ok(Some(format!("{header}.{}", base64url(&sealed))))
}

/// What a published value holds, and until when it may be used.
pub struct Opened {
    /// The keys.
    pub parcel: KeyringParcel,
    /// The time after which nobody uses them without looking again.
    pub good_until: Timestamp,
}

/// Opens a published value. `None` for one of another layout, `KEK` or issuer, for one that has ended, and for anything that
/// was made or changed by somebody without the `KEK`.
pub fn open(text: &str, keks: &Keks, issuer: &Issuer, now: Timestamp) -> Option<Opened> {
    let (header, sealed) = text.rsplit_once('.')?;
    let mut parts = header.split('.');
    let (layout, good_until, version, kek) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let good_until = Timestamp(good_until.parse().ok()?);
    if layout != LAYOUT || parts.next().is_some() || now >= good_until {
        return None;
    }
    let key = keks.derived(kek, &key_context(issuer))?;
    let plain = decrypted(&key, &associated_data(header, issuer), &from_base64url(sealed)?)?;
    let parcel = from_json::<KeyringParcel>(&plain).filter(|parcel| parcel.version.to_string() == version)?;
    Some(Opened { parcel, good_until })
}

fn key_context(issuer: &Issuer) -> [&[u8]; 2] {
    [CONTEXT, issuer.as_str().as_bytes()]
}

fn associated_data(header: &str, issuer: &Issuer) -> Vec<u8> {
    [header, issuer.as_str()].join("\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::FakeEntropy;
    use crate::protocol::model::secret::SecretBytes;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn keks(current: u8, previous: &[u8]) -> Keks {
        let text = |byte: &u8| base64url(&[*byte; 32]);
        let previous: Vec<String> = previous.iter().map(text).collect();
        Keks::parse(Some(&text(&current)), Some(&previous.join(" "))).expect("keys")
    }

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).expect("an issuer")
    }

    fn sealed(keks: &Keks) -> String {
        let root = SecretBytes::new(b"the root secret, thirty-two byte".to_vec());
        let parcel = KeyringParcel { version: 7, root, roots: Vec::new(), writing: 0, keys: Vec::new() };
        let sealed =
            seal(&parcel, keks, &issuer("https://id.example"), NOW, &FakeEntropy::seeded(0)).expect("sealed");
        sealed.expect("there is a KEK")
    }

    fn opens(text: &str, keks: &Keks, at: Timestamp) -> bool {
        open(text, keks, &issuer("https://id.example"), at).is_some()
    }

    #[test]
    fn a_value_opens_for_its_issuer_under_its_kek_until_it_ends() {
        let value = sealed(&keks(1, &[]));
        let opened = open(&value, &keks(1, &[]), &issuer("https://id.example"), NOW).expect("opened");
        assert_eq!((opened.parcel.version, opened.parcel.root.expose().len()), (7, 32));
        assert_eq!(opened.good_until, NOW.plus(GOOD_FOR));
        for (keks, at, expected) in [
            (keks(2, &[1]), NOW, true),
            (keks(2, &[3, 1]), NOW, true),
            (keks(2, &[3]), NOW, false),
            (Keks::default(), NOW, false),
            (keks(1, &[]), NOW.plus(GOOD_FOR - 1), true),
            (keks(1, &[]), NOW.plus(GOOD_FOR), false),
        ] {
            assert_eq!(opens(&value, &keks, at), expected, "{keks:?} {at:?}");
        }
        for other in ["https://id.example/", "https://id.example/b", "https://other.example"] {
            let other = Issuer::parse(other);
            assert!(!other.is_ok_and(|other| open(&value, &keks(1, &[]), &other, NOW).is_some()));
        }
    }

    #[test]
    fn nobody_without_the_kek_can_change_a_part_of_a_value() {
        let keks = keks(1, &[]);
        let value = sealed(&keks);
        for index in 0..value.len() {
            let mut bytes = value.clone().into_bytes();
            bytes[index] ^= 1;
            assert!(!String::from_utf8(bytes).is_ok_and(|text| opens(&text, &keks, NOW)), "{index}");
            assert!(!opens(&value[..index], &keks, NOW), "cut at {index}");
        }
        let parts: Vec<&str> = value.split('.').collect();
        let [layout, end, version, kek, sealed] = parts[..] else { panic!("{value}") };
        for (description, text) in [
            ("a later end", format!("{layout}.{end}9.{version}.{kek}.{sealed}")),
            ("a newer version", format!("{layout}.{end}.8.{kek}.{sealed}")),
            ("another layout", format!("2.{end}.{version}.{kek}.{sealed}")),
            ("another part", format!("{layout}.{end}.{version}.{kek}.0.{sealed}")),
            ("a leading zero", format!("{layout}.0{end}.{version}.{kek}.{sealed}")),
            ("no end", format!("{layout}.{version}.{kek}.{sealed}")),
            ("appended", format!("{value}A")),
            ("spaces", format!(" {value}")),
        ] {
            assert!(!opens(&text, &keks, NOW), "{description}");
        }
    }

    #[test]
    fn the_key_is_neither_the_one_that_wraps_nor_that_of_another_issuer() {
        let keks = keks(1, &[]);
        let key = |name| keks.current_derived(&key_context(&issuer(name))).expect("a KEK").1;
        assert_ne!(key("https://id.example").expose(), [1; 32]);
        assert_ne!(key("https://id.example").expose(), key("https://other.example").expose());
    }

    #[test]
    fn without_a_kek_nothing_is_sealed() {
        let parcel = KeyringParcel {
            version: 1,
            root: SecretBytes::new(vec![0; 32]),
            roots: Vec::new(),
            writing: 0,
            keys: Vec::new(),
        };
        let issuer = issuer("https://id.example");
        let sealed = seal(&parcel, &Keks::default(), &issuer, NOW, &FakeEntropy::seeded(0)).expect("nothing");
        assert!(sealed.is_none());
    }
}

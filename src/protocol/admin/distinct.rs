//! JSON whose objects name no member twice (RFC 8259 §4): parsers disagree on which of the two counts, so none may.
//!
//! serde refuses a doubled member of a struct; in a map (custom claims, [`serde_json::Value`]) the last one would win.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON value without doubled members; keeps nothing of it.
pub(super) struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self, A::Error> {
        while array.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format_args!("the member `{name}` comes twice")));
            }
            names.insert(name);
            object.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_members_are_found_at_any_depth() {
        let cases = [
            (r#"{"a":1,"b":{"a":[true,null,"x",-1,1.5]}}"#, None),
            ("[]", None),
            (r#"{"a":1,"a":1}"#, Some("the member `a` comes twice")),
            (r#"{"a":1,"\u0061":2}"#, Some("the member `a` comes twice")),
            (r#"[{"x":{"claims":{"b":1,"c":2,"b":3}}}]"#, Some("the member `b` comes twice")),
        ];
        for (json, expected) in cases {
            let found = serde_json::from_str::<Distinct>(json).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), expected.is_some(), "{json}");
            assert!(found.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{json}");
        }
    }
}

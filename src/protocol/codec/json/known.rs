//! Looks up the names that a type knows: those of a struct's members and of an enum's variants. Only `codec::json` calls it.
//!
//! serde has each type compare a name with all that it knows. Here the type hands over the list of its names, code that is
//! compiled once looks the name up in it, and the type gets the name's place, which it accepts as well. serde's `alias` would
//! make more names than places, so no type may have one.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::{Members, Tree};

/// What the names belong to.
#[derive(Clone, Copy)]
enum Of {
    Members,
    Variants,
}

/// A name that is read as its place among the known ones.
pub(super) struct Name<'de> {
    text: Tree<'de>,
    known: &'static [&'static str],
    of: Of,
}

impl<'de> Name<'de> {
    /// The name of a variant, to be looked up among `known`.
    pub(super) fn of_variant(text: Tree<'de>, known: &'static [&'static str]) -> Self {
        Self { text, known, of: Of::Variants }
    }

    fn place(&self) -> Option<u64> {
        let Tree::Text(name) = &self.text else { return None };
        let place = self.known.iter().position(|known| known == name)?;
        u64::try_from(place).ok()
    }

    /// The error of a type that has to know the name and doesn't.
    fn unknown(&self) -> Error {
        match (&self.text, self.of) {
            (Tree::Text(name), Of::Members) => Error::unknown_field(name, self.known),
            (Tree::Text(name), Of::Variants) => Error::unknown_variant(name, self.known),
            (other, Of::Members) => other.instead_of(&"a member's name"),
            (other, Of::Variants) => other.instead_of(&"variant identifier"),
        }
    }
}

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.place() {
            Some(place) => visitor.visit_u64(place),
            // A place that no name has. A struct then ignores the member, or refuses it without being able to say what it was
            // called.
            None => visitor.visit_u64(u64::MAX).map_err(|_: Error| self.unknown()),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The members of an object that is read as a struct whose members are `known`.
pub(super) struct Fields<'de> {
    pub(super) members: Members<'de>,
    pub(super) known: &'static [&'static str],
}

impl<'de> Fields<'de> {
    fn next(&mut self) -> Option<Name<'de>> {
        let text = self.members.next()?;
        Some(Name { text, known: self.known, of: Of::Members })
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next().map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.members.value())
    }
}

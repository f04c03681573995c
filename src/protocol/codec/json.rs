//! JSON into types (RFC 8259): the one way in which this server reads JSON. Requests, stored rows and configuration all come
//! through here; writing is `serde_json`'s.
//!
//! Text becomes a tree that borrows from it, the tree becomes the type. serde compiles a parser for every type and every kind of
//! input, and one that walks a tree is less than half as large as one that reads text. The tree costs a few microseconds;
//! a request with a token in its answer reads none or a few hundred bytes.
//!
//! It is stricter than `serde_json` in two points. A struct is an object, never an array of its members' values. And no object
//! names a member twice (RFC 8259 §4, RFC 7515 §4, RFC 7519 §4): parsers disagree on which of the two counts, so none may.

mod known;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::vec::IntoIter;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, Expected,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

use known::{Fields, Name};

/// Reads JSON.
///
/// # Errors
/// If `text` is no JSON, or not that of a `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(serde_json::from_str::<Tree<'_>>(text)?)
}

/// Makes an object of these members. To `collect` them would compile sorting once more for each kind of iterator.
pub(crate) fn object(members: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut object = Map::new();
    object.extend(members);
    object
}

/// Any JSON value. No object in it has a doubled member.
enum Tree<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Self, Self)>),
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree<'de>, E> {
        Ok(Tree::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree<'de>, E> {
        Ok(Tree::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree<'de>, E> {
        Ok(Tree::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Tree<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element()? {
            items.push(item);
        }
        Ok(Tree::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Tree<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        match doubled(&members) {
            Some(name) => Err(A::Error::custom(format_args!("the member `{name}` comes twice"))),
            None => Ok(Tree::Object(members)),
        }
    }
}

/// The name of a member that comes twice, if there is one.
fn doubled<'a>(members: &'a [(Tree<'_>, Tree<'_>)]) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    let mut names = members.iter().filter_map(|(name, _)| match name {
        Tree::Text(name) => Some(name.as_ref()),
        _ => None,
    });
    names.find(|name| !seen.insert(*name))
}

// Functions that don't depend on the type to be read stand apart, so that they are compiled once.
impl<'de> Tree<'de> {
    fn instead_of(&self, expected: &dyn Expected) -> Error {
        let found = match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Unsigned(value) => Unexpected::Unsigned(*value),
            Self::Signed(value) => Unexpected::Signed(*value),
            Self::Float(value) => Unexpected::Float(*value),
            Self::Text(text) => Unexpected::Str(text),
            Self::Array(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        };
        Error::invalid_type(found, expected)
    }

    fn into_items(self, expected: &dyn Expected) -> Result<Items<'de>, Error> {
        match self {
            Self::Array(items) => Ok(Items(items.into_iter())),
            other => Err(other.instead_of(expected)),
        }
    }

    fn into_members(self, expected: &dyn Expected) -> Result<Members<'de>, Error> {
        match self {
            Self::Object(members) => Ok(Members { rest: members.into_iter(), value: Self::Null }),
            other => Err(other.instead_of(expected)),
        }
    }

    /// The variant of an enum: a text, or an object with one member.
    fn into_variant(
        self,
        known: &'static [&'static str],
        expected: &dyn Expected,
    ) -> Result<Variant<'de>, Error> {
        let variant = |name, content| Variant { name: Name::of_variant(name, known), content };
        match self {
            Self::Text(_) => Ok(variant(self, Self::Null)),
            Self::Object(members) => match <[_; 1]>::try_from(members) {
                Ok([(name, content)]) => Ok(variant(name, content)),
                Err(_) => Err(Error::invalid_value(Unexpected::Map, &"an object with one member")),
            },
            other => Err(other.instead_of(expected)),
        }
    }
}

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(text) => visitor.visit_str(&text),
            Self::Array(_) => self.deserialize_seq(visitor),
            Self::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Text(text) => visitor.visit_str(&text),
            other => Err(other.instead_of(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut items = self.into_items(&visitor)?;
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let members = self.into_members(&visitor)?;
        visitor.visit_map(members)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let members = self.into_members(&visitor)?;
        visitor.visit_map(Fields { members, known })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let variant = self.into_variant(known, &visitor)?;
        visitor.visit_enum(variant)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct
    }
}

struct Items<'de>(IntoIter<Tree<'de>>);

impl Items<'_> {
    fn end(self) -> Result<(), Error> {
        if self.0.len() == 0 { Ok(()) } else { Err(Error::custom("the array is too long")) }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }
}

struct Members<'de> {
    rest: IntoIter<(Tree<'de>, Tree<'de>)>,
    /// The value of the member whose name was read last.
    value: Tree<'de>,
}

impl<'de> Members<'de> {
    fn next(&mut self) -> Option<Tree<'de>> {
        let (name, value) = self.rest.next()?;
        self.value = value;
        Some(name)
    }

    fn value(&mut self) -> Tree<'de> {
        std::mem::replace(&mut self.value, Tree::Null)
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next().map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.value())
    }
}

struct Variant<'de> {
    name: Name<'de>,
    content: Tree<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Tree<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Tree<'de>), Error> {
        Ok((seed.deserialize(self.name)?, self.content))
    }
}

/// Reads what a variant holds.
impl<'de> VariantAccess<'de> for Tree<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self {
            Self::Null => Ok(()),
            other => Err(other.instead_of(&"no content")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", known, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shape {
        Unit,
        Newtype(u32),
        Pair(bool, i8),
        Struct { text: String },
    }

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Members {
        shapes: Vec<Shape>,
        #[serde(default)]
        option: Option<(String, f64)>,
        #[serde(default)]
        map: BTreeMap<String, Value>,
    }

    #[test]
    fn what_serde_json_wrote_is_read() {
        let value = Members {
            shapes: vec![
                Shape::Unit,
                Shape::Newtype(u32::MAX),
                Shape::Pair(true, -128),
                Shape::Struct { text: "\u{0}\"\\é\u{1f600}".to_owned() },
            ],
            option: Some((String::new(), -0.5)),
            map: [("a\nb".to_owned(), json!({ "deep": [null, 1e300, [], {}] }))].into(),
        };
        let text = serde_json::to_string(&value).expect("JSON");
        assert_eq!(from_str::<Members>(&text).expect("it"), value);
        assert_eq!(from_str::<Value>(&text).expect("it"), json!(value));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_reason() {
        let cases = [
            (r#"{"shapes":[]"#, "EOF while parsing an object at line 1 column 12"),
            (r#"{"shapes":[]} x"#, "trailing characters at line 1 column 15"),
            ("[[]]", "invalid type: sequence, expected struct Members"),
            ("{}", "missing field `shapes`"),
            (r#"{"shapes":[],"shapes":[]}"#, "the member `shapes` comes twice at line 1 column 25"),
            (r#"{"shapes":[],"x":1}"#, "unknown field `x`, expected one of `shapes`, `option`, `map`"),
            (r#"{"shapes":null}"#, "invalid type: null, expected a sequence"),
            (
                r#"{"shapes":["x"]}"#,
                "unknown variant `x`, expected one of `unit`, `newtype`, `pair`, `struct`",
            ),
            (r#"{"shapes":["newtype"]}"#, "invalid type: null, expected u32"),
            (r#"{"shapes":[{"newtype":-1}]}"#, "invalid value: integer `-1`, expected u32"),
            (
                r#"{"shapes":[{"pair":[true]}]}"#,
                "invalid length 1, expected tuple variant Shape::Pair with 2 elements",
            ),
            (r#"{"shapes":[{"pair":[true,1,1]}]}"#, "the array is too long"),
            (r#"{"shapes":[{"unit":1}]}"#, "invalid type: integer `1`, expected no content"),
            (
                r#"{"shapes":[{"unit":null,"newtype":1}]}"#,
                "invalid value: map, expected an object with one member",
            ),
            (r#"{"shapes":[{"struct":{"text":true}}]}"#, "invalid type: boolean `true`, expected a string"),
        ];
        for (text, expected) in cases {
            assert_eq!(from_str::<Members>(text).expect_err(text).to_string(), expected, "{text}");
        }
        // A type that doesn't refuse them ignores members that it doesn't know, wherever they stand.
        let text = r#"{"shapes":[{"struct":{"x":{"text":1},"text":"a","y":null}}]}"#;
        let shapes = from_str::<Members>(text).expect("it").shapes;
        assert_eq!(shapes, [Shape::Struct { text: "a".to_owned() }]);
        let deep = "[".repeat(10_000);
        assert!(from_str::<Value>(&deep).is_err());
    }

    #[test]
    fn doubled_members_are_refused_at_any_depth() {
        assert!(from_str::<Value>(r#"{"a":1,"b":{"a":[true,null,"x",-1,1.5]}}"#).is_ok());
        for (text, name) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"":1,"":2}"#, ""),
            (r#"[{"x":{"claims":{"b":1,"c":2,"b":3}}}]"#, "b"),
        ] {
            let error = from_str::<Value>(text).expect_err(text).to_string();
            assert!(error.starts_with(&format!("the member `{name}` comes twice")), "{error}");
        }
        let many: Vec<String> = (0..20_000).map(|number| format!("\"{number}\":0")).collect();
        assert!(from_str::<Value>(&format!("{{{}}}", many.join(","))).is_ok());
    }
}

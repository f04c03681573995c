//! Reading JSON as `IdentityServer`'s own configuration reader does: comments, trailing commas and a byte order mark are
//! passed over, and members may be written `client_id`, `ClientId` or `clientId`.

use std::collections::BTreeSet;

use jsonc_parser::{CollectOptions, ParseOptions, ast, parse_to_ast, parse_to_serde_value};
use serde_json::Value;

use super::remarks::Remarks;

/// Most edits of a misspelt name, and the length from which on so many are believed.
const EDITS: [(usize, usize); 2] = [(6, 2), (4, 1)];

/// Parses a document.
///
/// # Errors
/// Says where it is no JSON.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let parsed =
        parse_to_ast(text, &CollectOptions::default(), &OPTIONS).map_err(|error| error.to_string())?;
    let document = parsed.value.ok_or("it is empty")?;
    match doubled(&document) {
        Some(name) => Err(format!("the member `{name}` is there twice")),
        None => parse_to_serde_value(text, &OPTIONS).map_err(|error| error.to_string()),
    }
}

const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A member that an object has twice, in whatever style: one of the two would get lost.
fn doubled(value: &ast::Value<'_>) -> Option<String> {
    match value {
        ast::Value::Object(object) => {
            let mut names = BTreeSet::new();
            let twice = object.properties.iter().find(|member| !names.insert(plain(member.name.as_str())));
            let inner = || object.properties.iter().find_map(|member| doubled(&member.value));
            twice.map(|member| member.name.as_str().to_owned()).or_else(inner)
        }
        ast::Value::Array(array) => array.elements.iter().find_map(doubled),
        _ => None,
    }
}

/// An object whose members are found whatever their style.
pub(super) struct Loose<'a>(Vec<Member<'a>>);

struct Member<'a> {
    /// In lower case, without separators; what was meant, if it is misspelt.
    name: String,
    written: &'a str,
    value: &'a Value,
}

impl<'a> Loose<'a> {
    /// `value`, if it is an object.
    pub(super) fn new(value: &'a Value) -> Option<Self> {
        let members = value.as_object()?.iter().filter(|(_, value)| !value.is_null());
        let member =
            |(written, value): (&'a String, &'a Value)| Member { name: plain(written), written, value };
        Some(Self(members.map(member).collect()))
    }

    /// Takes a member within two edits of a known one for that one, unless that is there too, and says so.
    pub(super) fn spelled(mut self, known: &[&str], remarks: &mut Remarks) -> Self {
        let names: Vec<String> = known.iter().map(|name| plain(name)).collect();
        let mut taken: Vec<String> = self.0.iter().map(|member| member.name.clone()).collect();
        for member in &mut self.0 {
            if names.contains(&member.name) {
                continue;
            }
            let meant = names.iter().zip(known).filter(|(name, _)| !taken.contains(name));
            let meant = meant.filter_map(|(name, shown)| Some((edits(&member.name, name)?, name, shown)));
            if let Some((_, name, shown)) = meant.min_by_key(|(edits, ..)| *edits) {
                remarks.note(format!("`{}` is read as `{shown}`", member.written));
                member.name.clone_from(name);
                taken.push(name.clone());
            }
        }
        self
    }

    /// The member called `name`, which is in snake case.
    pub(super) fn member(&self, name: &str) -> Option<&'a Value> {
        let name = plain(name);
        self.0.iter().find(|member| member.name == name).map(|member| member.value)
    }

    /// Such a member as text that isn't empty.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.member(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Such a member as a list; a single value counts as a list of one, and one that is missing as empty.
    pub(super) fn list(&self, name: &str) -> Vec<&'a Value> {
        match self.member(name) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.iter().collect(),
            Some(single) => vec![single],
        }
    }

    /// Such a list's names: strings, or objects with a name. What is neither is remarked on as `what`.
    pub(super) fn names(&self, name: &str, what: &str, remarks: &mut Remarks) -> Vec<&'a str> {
        let values = self.list(name);
        let found: Vec<&str> = values.iter().filter_map(|value| name_of(value)).collect();
        let lost = values.len() - found.len();
        if lost > 0 {
            remarks.decide(format!("{lost} {what}(s) have no name and are not imported"));
        }
        found
    }

    /// Such a member that is true or false.
    pub(super) fn flag(&self, name: &str, remarks: &mut Remarks) -> Option<bool> {
        let value = self.member(name)?;
        // Configuration files of .NET hold flags as text, too.
        let flag = value.as_bool().or_else(|| value.as_str()?.to_ascii_lowercase().parse().ok());
        if flag.is_none() {
            remarks.decide(format!("`{name}` is neither true nor false and is not imported"));
        }
        flag
    }

    /// Such a member that is a whole number, as one or as text.
    pub(super) fn number(&self, name: &str, remarks: &mut Remarks) -> Option<u64> {
        let value = self.member(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        if number.is_none() {
            remarks.decide(format!("`{name}` is no whole number and is not imported"));
        }
        number
    }

    /// The members that have none of the `known` names and say something, as they are written.
    pub(super) fn others(&self, known: &[&str]) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let known: Vec<String> = known.iter().map(|name| plain(name)).collect();
        let others =
            self.0.iter().filter(move |member| !known.contains(&member.name) && !is_empty(member.value));
        others.map(|member| (member.written, member.value))
    }
}

/// How many edits lie between two names, if few enough to believe in a slip.
fn edits(written: &str, known: &str) -> Option<usize> {
    let (_, most) = EDITS.into_iter().find(|(length, _)| known.len() >= *length)?;
    Some(strsim::damerau_levenshtein(written, known)).filter(|edits| *edits <= most)
}

fn name_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(name) => Some(name),
        Value::Object(_) => {
            let object = Loose::new(value)?;
            ["name", "scope", "value", "grant_type", "origin", "redirect_uri", "post_logout_redirect_uri"]
                .into_iter()
                .find_map(|name| object.text(name))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// A member's name in lower case, without separators.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_read_as_its_own_product_reads_it() {
        let text = "\u{feff}{ // one\n \"a\": [1, 2,], /* two */ \"b\": \"// no comment\", }";
        assert_eq!(parse(text), Ok(json!({ "a": [1, 2], "b": "// no comment" })));
        for broken in
            ["", "// nothing", "{", "{\"a\" 1}", "{a: 1}", "[1 2]", "{'a': 1}", "{\"a\": 1, \"A\": 2}"]
        {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn slips_of_two_letters_are_read_as_what_was_meant() {
        let cases = [
            ("client_secrects", Some("client_secrets")),
            ("ClientSecret", Some("client_secrets")),
            ("cleintSecrets", Some("client_secrets")),
            ("client_secretaries", None),
            ("secrets", None),
            ("nmae", Some("name")),
            ("same", Some("name")),
            ("game1", None),
        ];
        for (written, meant) in cases {
            let (value, mut remarks) = (json!({ written: "x" }), Remarks::default());
            let object =
                Loose::new(&value).expect("an object").spelled(&["client_secrets", "name"], &mut remarks);
            for name in ["client_secrets", "name"] {
                assert_eq!(object.text(name).is_some(), meant == Some(name), "{written} {name}");
            }
            assert_eq!(remarks.is_empty(), meant.is_none(), "{written}");
        }
        let (value, mut remarks) = (json!({ "name": "right", "nmae": "wrong" }), Remarks::default());
        let object = Loose::new(&value).expect("an object").spelled(&["name"], &mut remarks);
        assert_eq!(object.text("name"), Some("right"));
        assert_eq!(object.others(&["name"]).map(|(name, _)| name).collect::<Vec<_>>(), ["nmae"]);
    }
}

//! Forms beside `form_urlencoded`, which refuses nothing and replaces what it can't read.

use std::collections::BTreeSet;

use mintedge::protocol::http::error::Cause;
use mintedge::protocol::http::form::Form;
use proptest::prelude::*;

/// Whether a `%` comes without two hexadecimal digits: `form_urlencoded` keeps it, this server refuses the form.
fn has_broken_escape(text: &str) -> bool {
    text.split('%').skip(1).any(|after| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() < 2)
}

/// What the form is refused for, by the reading of `form_urlencoded` and the rules that this server adds.
fn expected(body: &[u8], pairs: &[(String, String)]) -> Option<Cause> {
    let Ok(text) = std::str::from_utf8(body) else { return Some(Cause::BodyNotUtf8) };
    let mut seen = BTreeSet::new();
    // The first fault counts, as they come.
    let sent = text.split('&').filter(|pair| !pair.is_empty());
    for (sent, (name, value)) in sent.zip(pairs) {
        // What isn't UTF-8 is replaced there and refused here: two readers would replace it in two ways.
        if has_broken_escape(sent) || format!("{name}{value}").contains('\u{fffd}') {
            return Some(Cause::FormMalformed);
        }
        let repeatable = ["resource", "audience"].contains(&name.as_str());
        if !seen.insert(name) && !repeatable {
            return Some(Cause::ParameterRepeated);
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]
    #[test]
    fn forms_are_read_as_form_urlencoded_reads_them(
        body in prop_oneof![
            "(([a-c]|resource|audience|%6[1-3]|%C3%A9|%ff|%|é|\\+){0,3}(=|==)?([a-z%+=]|%2[0-9a-fA-F]|%zz|%E2%82%AC|%00|\u{20ac}){0,6}&{0,2}){0,6}"
                .prop_map(String::into_bytes),
            proptest::collection::vec(prop_oneof![Just(b'&'), Just(b'='), Just(b'%'), Just(b'+'), any::<u8>()], 0..40),
        ]
    ) {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let read = Form::parse(&body);
        prop_assert_eq!(read.as_ref().err().map(|error| error.cause), expected(&body, &pairs));
        let Ok(form) = read else { return Ok(()) };
        // An empty value counts as absent (RFC 6749 §3.2).
        let there: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        for (name, _) in &there {
            let theirs: Vec<&str> =
                there.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
            prop_assert_eq!(form.values(name).collect::<Vec<_>>(), theirs);
        }
        let written = form.to_query();
        prop_assert_eq!(form_urlencoded::parse(written.as_bytes()).into_owned().collect::<Vec<_>>(), there);
    }
}

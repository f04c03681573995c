//! A form body: what is accepted is within its bounds, unambiguous, and reads back the same.

use mintedge::protocol::http::form::{Form, MAX_VALUE};

const NAMES: [&str; 7] =
    ["grant_type", "client_id", "client_secret", "scope", "resource", "audience", "client_assertion"];

/// Runs one input.
pub fn run(body: &[u8]) {
    let Ok(form) = Form::parse(body) else { return };
    for name in NAMES {
        let values: Vec<&str> = form.values(name).collect();
        assert_eq!(form.value(name), values.first().copied());
        assert!(values.len() <= 1 || ["resource", "audience"].contains(&name), "{name} is repeated");
        assert!(values.iter().all(|value| !value.is_empty() && value.len() <= MAX_VALUE));
        // An independent decoder has to come to the same values.
        let expected =
            url::form_urlencoded::parse(body).filter(|(key, value)| key == name && !value.is_empty());
        let expected: Vec<String> = expected.map(|(_, value)| value.into_owned()).collect();
        assert_eq!(values, expected, "{name}");
    }
}

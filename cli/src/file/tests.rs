//! What is said about which file, and where.

use super::*;

/// A resource and the beginning of a client, lines 1 to 5.
const BASE: &str = r#"[[resource]]
identifier = "https://api.example.com"
scopes = ["orders:read", "orders:write"]
[[client]]
client_id = "a"
"#;

fn problems(text: &str) -> Vec<(usize, usize, String)> {
    let source = Source { name: "mintedge.toml".to_owned(), text: text.to_owned() };
    let mut findings = check(&source).err().unwrap_or_default();
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings.into_iter().map(|finding| (finding.line, finding.column, finding.message)).collect()
}

#[test]
fn each_problem_has_its_place_and_words() {
    let cases = [
        ("typo", "scops = []", 1, "unknown key `scops` in [[client]]; did you mean `scopes`?"),
        ("two typos in one word", "acess_token_tll = 60", 1, "did you mean `access_token_ttl`?"),
        ("other server's word", "allowed_grant_types = []", 1, "did you mean `grant_types`?"),
        ("nothing near", "xyz = 1", 1, "unknown key `xyz` in [[client]]; known are `access_token_ttl`"),
        ("secret", "client_secret = \"s\"", 1, "secrets have no place in the file"),
        ("secrets of another server", "ClientSecrets = []", 1, "secrets have no place in the file"),
        ("string for list", "scopes = \"orders:read\"", 10, "`scopes` has to be a list, not a string"),
        (
            "number in list",
            "scopes = [\"orders:read\", 7]",
            26,
            "`scopes[1]` has to be a string, not a whole number; put it in quotes",
        ),
        (
            "string for number",
            "access_token_ttl = \"60\"",
            20,
            "`access_token_ttl` has to be a whole number, not a string; leave out the quotes",
        ),
        (
            "fraction",
            "access_token_ttl = 1.5",
            20,
            "`access_token_ttl` has to be a whole number, not a fraction",
        ),
        (
            "negative number",
            "access_token_ttl = -1",
            20,
            "`access_token_ttl` has to be a number from 0 to 4294967295",
        ),
        ("out of range", "access_token_ttl = 5", 1, "30 to 86400 seconds"),
        ("number for boolean", "disabled = 0", 12, "`disabled` has to be true or false, not a whole number"),
        (
            "unknown grant",
            "grant_types = [\"client_credential\"]",
            16,
            "unknown value `client_credential` in `grant_types`; did you mean `client_credentials`?",
        ),
        (
            "grant of another kind",
            "grant_types = [\"implicit\"]",
            16,
            "unknown value `implicit` in `grant_types`; there is `authorization_code`, `urn:openid:params:grant-type:ciba`, ",
        ),
        (
            "unknown method",
            "token_endpoint_auth_method = \"client_secret_basics\"",
            30,
            "did you mean `client_secret_basic`?",
        ),
        (
            "mistyped scope",
            "scopes = [\"orders:raed\"]",
            11,
            "no resource has the scope `orders:raed`; did you mean `orders:read`?",
        ),
        ("unknown scope", "scopes = [\"x\"]", 11, "no resource has the scope `x`"),
        ("date in a claim", "claims = { since = 2020-01-01 }", 20, "JSON has no dates"),
        ("infinite claim", "claims = { x = inf }", 16, "JSON has no such number"),
        (
            "reserved claim",
            "claims = { \"https://a.b/c[0].d\" = 1, sub = \"x\" }",
            44,
            "`sub` is a reserved claim",
        ),
        ("origin with a path", "allowed_origins = [\"https://a.example/\"]", 20, "is no origin"),
        ("same client twice", "[[client]]\nclient_id = \"a\"", 13, "the client `a` is there twice"),
        ("nameless client", "[[client]]\ndisabled = true", 1, "`client_id` is missing in [[client]]"),
        ("reserved id", "[[client]]\nclient_id = \"mintedge-x\"", 13, "must not start with `mintedge-`"),
        ("single brackets", "[tokns]", 2, "unknown key `tokns` at the top level; did you mean `tokens`?"),
        (
            "double brackets",
            "[[keys]]",
            1,
            "`keys` has to be a table, not a list; write [keys] with one bracket on each side",
        ),
        ("same key twice", "client_id = \"b\"", 1, "duplicate key"),
        ("no value", "disabled =", 11, "value"),
    ];
    for (name, line, column, expected) in cases {
        let found = problems(&format!("{BASE}{line}\n"));
        let [(line_found, column_found, message)] = found.as_slice() else { panic!("{name}: {found:?}") };
        assert!(message.contains(expected), "{name}: {message}");
        let last = if line.contains('\n') && !message.contains("missing") { 7 } else { 6 };
        assert_eq!((*line_found, *column_found), (last, column), "{name}: {message}");
    }
}

#[test]
fn all_problems_of_a_file_are_told_at_once_but_none_that_follows_from_another() {
    let text = "[tokens]\nacess_token_ttl = 1\n\
        [[resource]]\nidentifier = \"a b\"\nscops = [\"x\"]\n\
        [[client]]\nclient_id = \"c\"\nscopes = [\"x\"]\n\
        [[client]]\nclient_id = \"d\"\ndisabled = 1\nscopes = [\"y\"]\n\
        [[client]]\nclient_id = \"usr_e\"\n";
    let lines: Vec<usize> = problems(text).into_iter().map(|(line, ..)| line).collect();
    // The mistyped `scops` hides line 4 for now, and lines 8 and 12 may only follow from it.
    assert_eq!(lines, [2, 5, 11, 14]);
}

#[test]
fn a_file_with_nothing_in_it_is_valid() {
    assert_eq!(problems(""), []);
    assert_eq!(problems("# only a comment\n"), []);
}

#[test]
fn what_is_written_in_any_notation_is_read_the_same() {
    let blocks = "[[client]]\nclient_id = \"a\"\nclaims.x.y = 1\nclaims.z = [true, \"s\", 0x10, 1.5]\n";
    let inline = "client = [{ client_id = 'a', claims = { x = { y = 1 }, z = [true, 's', 16, 1.5] } }]\n";
    let read = |text: &str| {
        let source = Source { name: String::new(), text: text.to_owned() };
        check(&source).expect("valid")
    };
    assert_eq!(read(blocks), read(inline));
}

#[test]
fn any_damaged_file_is_read_or_refused_with_places_inside_it() {
    let text =
        format!("{BASE}claims = {{ \"é\" = [1, {{ x = 'y' }}] }}\n[tokens]\naccess_token_ttl = 0x1F\n");
    for (position, letter) in text.char_indices() {
        let end = position + letter.len_utf8();
        let (before, after) = (&text[..position], &text[end..]);
        for damaged in [
            before.to_owned(),
            format!("{before}{after}"),
            format!("{before}]{after}"),
            format!("{before}\u{1b}{after}"),
        ] {
            let lines = damaged.lines().count() + 1;
            for (line, column, message) in problems(&damaged) {
                assert!(line <= lines && column >= 1 && !message.is_empty(), "{damaged}");
            }
        }
    }
}

#[test]
fn the_excerpt_points_at_the_key_and_hides_secrets() {
    let cases = [
        ("scops = []", "6 | scops = []\n  | ^^^^^\n"),
        ("client_secret = \"top\"", "6 | client_secret = [hidden]\n  | ^^^^^^^^^^^^^\n"),
        ("\"secret\" = \"top\"", "6 | \"secret\" = [hidden]\n  | ^^^^^^^^\n"),
        ("claims = { é = inf, password = \"top\" }", "6 | claims = { é = inf, password = [hidden]\n"),
    ];
    for (line, expected) in cases {
        let source = Source { name: "mintedge.toml".to_owned(), text: format!("{BASE}{line}\n") };
        let findings = check(&source).expect_err("not valid");
        let text: String = findings.iter().map(Finding::render).collect();
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert!(plain.contains(expected) && !plain.contains("top"), "{plain}");
        assert!(plain.contains("--> mintedge.toml:6:"), "{plain}");
    }
}

#[test]
fn names_are_suggested_only_if_they_are_near() {
    let known = ["scopes", "client_id", "client_name", "access_token_ttl"];
    let cases = [
        ("scope", Some("scopes")),
        ("Scopes", Some("scopes")),
        ("clientId", Some("client_id")),
        ("client-id", Some("client_id")),
        ("client_nmae", Some("client_name")),
        ("ttl", Some("access_token_ttl")),
        ("redirect_uris", None),
        ("x", None),
        ("", None),
    ];
    for (word, expected) in cases {
        assert_eq!(nearest(word, known), expected, "{word}");
    }
}

#[test]
fn every_list_of_tables_has_a_member_that_names_its_entries() {
    let kinds = known_kinds();
    let expected = |kind: &str, id: &str| kinds.contains(&(kind.to_owned(), id.to_owned()));
    assert!(expected("client", "client_id") && expected("resource", "identifier"), "{kinds:?}");
    let schema = config_schema();
    for (name, property) in schema["properties"].as_object().expect("properties") {
        let is_list = property["type"] == "array";
        assert_eq!(
            is_list,
            kinds.iter().any(|(kind, _)| kind == name),
            "{name} needs a first required member"
        );
    }
}

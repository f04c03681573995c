//! The plan for people, against golden texts.

use super::*;

fn config(text: &str) -> Config {
    toml::from_str(text).expect("a configuration")
}

fn plan(before: &str, after: &str, adoptable: &[&str]) -> String {
    let adoptable = adoptable.iter().map(|text| {
        let client: ClientConfig = toml::from_str(text).expect("a client");
        (client.client_id.clone(), client)
    });
    let plan = Plan::new(3, &config(before), &config(after), &adoptable.collect());
    anstream::adapter::strip_str(&plan.to_string()).to_string()
}

const BEFORE: &str = r#"
issuer = "https://auth.example.com"
[[resource]]
identifier = "https://api.example.com"
scopes = ["orders:read", "orders:write"]
[[resource]]
identifier = "urn:old"
[[client]]
client_id = "stays"
scopes = ["orders:read"]
[[client]]
client_id = "changes"
client_name = "Old \"name\""
grant_types = ["client_credentials"]
scopes = ["orders:read", "orders:write"]
access_token_ttl = 60
claims = { tenant = "a" }
[[client]]
client_id = "goes"
[[client]]
client_id = "goes-public"
token_endpoint_auth_method = "none"
[[client]]
client_id = "reordered"
scopes = ["orders:read", "orders:write"]
[[client]]
client_id = "hides"
"#;

const AFTER: &str = r#"
[tokens]
access_token_ttl = 600
[[resource]]
identifier = "https://api.example.com"
scopes = ["orders:read", "orders:write", "orders:delete"]
signing_alg = "EdDSA"
[[client]]
client_id = "new"
client_name = "New"
grant_types = ["client_credentials"]
scopes = ["orders:read"]
[[client]]
client_id = "stays"
scopes = ["orders:read", "orders:read"]
[[client]]
client_id = "taken"
scopes = ["orders:read"]
[[client]]
client_id = "changes"
client_name = "New name"
grant_types = ["client_credentials"]
scopes = ["orders:read", "orders:delete"]
claims = { tenant = "b" }
disabled = true
[[client]]
client_id = "reordered"
scopes = ["orders:write", "orders:read"]
[[client]]
client_id = "hides"
token_endpoint_auth_method = "none"
"#;

const GOLDEN: &str = r#"  ~ tokens.access_token_ttl: 300 → 600

  ~ resource "https://api.example.com"
      scopes       +"orders:delete"
      signing_alg  "ES256" → "EdDSA"

  + client "new"
      client_name  "New"
      grant_types  ["client_credentials"]
      scopes       ["orders:read"]
      (gets a secret, shown once)

  ~ client "taken"
      scopes  -"orders:write"
      (registered through the API until now; the file takes it over, and its secrets stay)

  ~ client "changes"
      access_token_ttl  60 → (not set)
      claims            {"tenant":"a"} → {"tenant":"b"}
      client_name       "Old \"name\"" → "New name"
      scopes            +"orders:delete" -"orders:write"
      disabled          (not set) → true

  ~ client "reordered"
      scopes  the same, in another order

  ~ client "hides"
      token_endpoint_auth_method  (not set) → "none"
      (becomes public: its secrets are deleted)

  - resource "urn:old"

  - client "goes"
      (its secrets stop working)

  - client "goes-public"

Plan: 1 to add, 6 to change, 3 to remove.
"#;

#[test]
fn the_plan_reads_like_this() {
    let adoptable = "client_id = \"taken\"\nscopes = [\"orders:read\", \"orders:write\"]\n";
    assert_eq!(plan(BEFORE, AFTER, &[adoptable]), GOLDEN);
}

#[test]
fn what_makes_no_difference_to_the_server_is_no_change() {
    let cases = [
        (BEFORE, BEFORE),
        ("", "issuer = \"https://other.example.com\""),
        ("", "[tokens]\naccess_token_ttl = 300"),
        (
            "[[client]]\nclient_id = \"a\"\n[[client]]\nclient_id = \"b\"",
            "[[client]]\nclient_id = \"b\"\n[[client]]\nclient_id = \"a\"\nscopes = []",
        ),
    ];
    for (before, after) in cases {
        assert_eq!(plan(before, after, &[]), "No changes.\n", "{before} / {after}");
    }
}

#[test]
fn the_plan_for_programs_counts_and_names_members() {
    let plan = Plan::new(3, &config(BEFORE), &config(AFTER), &Adoptable::new());
    let json = serde_json::to_value(&plan).expect("JSON");
    assert_eq!(
        (&json["version"], &json["add"], &json["change"], &json["remove"]),
        (&3.into(), &2.into(), &5.into(), &3.into())
    );
    assert_eq!(
        json["changes"][1],
        serde_json::json!({
            "action": "change",
            "kind": "resource",
            "name": "https://api.example.com",
            "members": [
                { "name": "scopes", "old": ["orders:read", "orders:write"], "new": ["orders:read", "orders:write", "orders:delete"] },
                { "name": "signing_alg", "old": "ES256", "new": "EdDSA" },
            ],
        })
    );
}

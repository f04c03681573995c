//! The first steps.

use serde_json::Value;

use crate::support::Workplace;

#[test]
fn the_starter_is_valid_and_never_overwritten() {
    let place = Workplace::new();
    let text = place.run("init --issuer https://auth.example.com --dir new").success();
    assert!(text.contains("mintedge init --secrets") && !text.contains("mea_"), "one set of secrets: {text}");
    assert_eq!(
        place.run("validate new/mintedge.toml").success(),
        "new/mintedge.toml is valid: 1 resource, 1 client.\n"
    );
    assert!(place.read("new/mintedge.toml").contains("\nissuer = \"https://auth.example.com\"\n"));
    place.write("new/mintedge.toml", "# mine");
    assert!(place.run("init --dir new").failure(1).contains("can't create new/mintedge.toml"));
    assert_eq!(place.read("new/mintedge.toml"), "# mine");

    place.run("init").success();
    place.run("validate").success();
    assert!(place.run("init --dir other --issuer http://example.com").failure(64).contains("--issuer"));
}

#[test]
fn secrets_are_fresh_well_formed_and_alone_if_asked() {
    let place = Workplace::new();
    let secrets = |outcome: Value| {
        let text = |name: &str| outcome["secrets"][name].as_str().expect("a secret").to_owned();
        (text("ADMIN_SECRET"), text("KEK"))
    };
    let (admin, kek) = secrets(place.run("init --secrets --json").json());
    assert!(admin.starts_with("mea_") && admin.len() == 53, "{admin}");
    assert!(mintedge::protocol::model::secret::Secret::received(admin.as_str()).is_well_formed());
    assert!(mintedge::protocol::keys::kek::Kek::parse(&kek).is_ok());
    let (other_admin, other_kek) = secrets(place.run("init --secrets --json").json());
    assert!(admin != other_admin && kek != other_kek);
    assert!(!place.path("mintedge.toml").exists());
    let text = place.run("init --secrets").success();
    assert!(
        text.contains("npx wrangler secret put ADMIN_SECRET") && text.contains("npx wrangler secret put KEK"),
        "{text}"
    );
}

#[test]
fn dev_vars_go_to_a_private_new_file_and_nowhere_else() {
    let place = Workplace::new();
    let text = place.run("init --dev-vars .dev.vars").success();
    let file = place.read(".dev.vars");
    let lines: Vec<&str> = file.lines().collect();
    assert!(
        lines[0].starts_with("ADMIN_SECRET=\"mea_") && lines[1].starts_with("KEK=\"") && lines.len() == 2,
        "{file}"
    );
    assert!(!text.contains("mea_"), "{text}");
    place.assert_private(".dev.vars");
    place.run("init --dev-vars .dev.vars").failure(1);
    assert_eq!(place.read(".dev.vars"), file);
}

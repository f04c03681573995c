//! What is written down about the command, held against the command.

use std::path::Path;

use crate::support::Workplace;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_published_schema_is_current() {
    let schema = Workplace::new().run("schema").success();
    let advice = "run: cargo run -p mintedge-cli -- schema > docs/mintedge.schema.json";
    assert!(document("mintedge.schema.json") == schema, "the schema changed; {advice}");
}

/// The Worker has no generator, so the file is part of the source.
#[test]
fn the_served_description_of_the_admin_api_is_made_from_the_types() {
    let description = Workplace::new().run("schema --admin-api").success();
    let advice = "run: cargo run -p mintedge-cli -- schema --admin-api > src/protocol/admin/openapi.json";
    assert!(document("../src/protocol/admin/openapi.json") == description, "the admin API changed; {advice}");
}

#[test]
fn every_command_and_exit_code_is_documented() {
    let text = document("cli.md");
    let place = Workplace::new();
    for group in ["", "clients ", "users ", "grants ", "keys ", "import "] {
        let help = place.run(&format!("{group}--help")).success();
        let commands =
            help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
        for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let command = line.split_whitespace().next().expect("a name");
            assert!(
                command == "help" || text.contains(&format!("mintedge {group}{command}")),
                "{group}{command}"
            );
        }
    }
    for code in ["0", "1", "2", "3", "4", "5", "6", "64"] {
        assert!(text.contains(&format!("| {code} |")), "exit code {code}");
    }
}

#[test]
fn every_documented_call_is_understood() {
    let place = Workplace::new();
    let text = document("cli.md");
    let calls: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ mintedge ")).collect();
    assert!(calls.len() > 20);
    for call in calls {
        // An unknown option is refused before the request for help is met.
        let arguments = call.split(" > ").next().unwrap_or(call);
        place.run(&format!("{arguments} --help")).success();
    }
}

#[test]
fn every_key_and_every_grant_is_documented() {
    let schema = Workplace::new().run("schema").json();
    let text = document("configuration.md");
    let elsewhere = ["federation.md", "refresh-tokens.md", "registration.md", "client-documents.md"]
        .map(document)
        .concat();
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        for key in definition["properties"].as_object().into_iter().flat_map(|members| members.keys()) {
            let ways = [
                format!("`{key}`"),
                format!("\n{key} = "),
                format!(" {key} = "),
                format!("[{key}]"),
                format!("[client.{key}]"),
            ];
            let said = |text: &str| ways.iter().any(|way| text.contains(way));
            assert!(said(&text) || said(&elsewhere), "{name}: {key}");
        }
    }
    for grant in schema["$defs"]["GrantType"]["enum"].as_array().expect("grants") {
        let grant = grant.as_str().expect("a name");
        assert!(text.contains(&format!("| `{grant}` |")), "{grant}");
    }
}

#[test]
fn the_configurations_of_examples_are_valid() {
    let place = Workplace::new();
    for example in ["quickstart", "three-legged", "legacy-service", "device"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(example);
        place.run(&format!("validate {}", path.join("mintedge.toml").display())).success();
    }
}

#[test]
fn completions_are_printed_for_every_shell() {
    let place = Workplace::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(place.run(&format!("completions {shell}")).success().contains("rotate-secret"), "{shell}");
    }
}

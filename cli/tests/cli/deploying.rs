//! `docs/deploy.md`, followed to the letter in a shell, with a server in memory in the place of Cloudflare.

use std::path::Path;
use std::process::Command;

use crate::support::{TestServer, Workplace};

/// What stands before the reader's programs in the search path: this command for `cargo run`, a note for whatever would
/// reach Cloudflare or the registry of packages. Nobody is there to say yes to `apply`.
const PROGRAMS: [(&str, &str); 3] = [
    (
        "cargo",
        "case \"$1 $2 $3\" in\n\
         'run -p mintedge-cli') shift 4; [ \"$1\" = apply ] && set -- \"$@\" --yes; exec \"$MINTEDGE\" \"$@\";;\n\
         'xtask wrangler '*) echo \"cargo $*\" >> called;;\n\
         *) echo \"the guide calls: cargo $*\" >&2; exit 1;;\nesac",
    ),
    ("npx", "echo \"npx $*\" >> called"),
    ("npm", "echo \"npm $*\" >> called"),
];

#[test]
#[cfg(unix)]
fn the_guide_to_deploying_works_to_the_letter() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = TestServer::start();
    let place = Workplace::new();
    for (name, body) in PROGRAMS {
        place.write(name, &format!("#!/bin/sh\n{body}\n"));
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(place.path(name), executable).expect("executable");
    }
    let mut reader = Reader { server: &server, place: &place, known: Vec::new(), exports: String::new() };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy.md");
    let text = std::fs::read_to_string(page).expect("the guide");
    let blocks: Vec<&str> =
        text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 4, "{}", blocks.len());
    for block in blocks {
        reader.follow(block);
    }
    let called = place.read("called");
    for call in [
        "npm ci",
        "cargo xtask wrangler deploy",
        "cargo xtask wrangler secret put ADMIN_SECRET",
        "secret put KEK",
    ] {
        assert!(called.contains(call), "{call}: {called}");
    }
    assert!(place.path("mintedge.toml").exists());
}

struct Reader<'a> {
    server: &'a TestServer,
    place: &'a Workplace,
    /// What the guide shortens with `…`, and what stood on the screen.
    known: Vec<(&'static str, String)>,
    exports: String,
}

impl Reader<'_> {
    fn follow(&mut self, block: &str) {
        let mut block = block
            .replace("https://id.example.com", self.server.issuer())
            .replace("my-client", "example-service");
        for (prefix, value) in &self.known {
            block = block.replace(&format!("{prefix}…"), value);
        }
        assert!(!block.contains('…'), "the reader has not seen yet what belongs here: {block}");
        let path =
            std::env::join_paths([self.place.path("."), "/usr/bin".into(), "/bin".into()]).expect("a path");
        let output = Command::new("/bin/sh")
            .args(["-ec", &format!("{}{block}", self.exports)])
            .current_dir(self.place.path("."))
            .env_clear()
            .env("PATH", path)
            .env("MINTEDGE", env!("CARGO_BIN_EXE_mintedge"))
            .output()
            .expect("a shell");
        let screen = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !screen.contains("\"error\""), "{block}: {screen}{errors}");
        self.exports
            .extend(block.lines().filter(|line| line.starts_with("export ")).map(|line| format!("{line}\n")));
        self.read(&screen);
    }

    /// Remembers the first secret of each kind, as a reader who stores it does.
    fn read(&mut self, screen: &str) {
        for prefix in ["mea_", "mes_"] {
            let seen = screen.split_whitespace().find(|word| word.starts_with(prefix) && word.len() > 20);
            if let Some(seen) = seen.filter(|_| !self.known.iter().any(|(known, _)| *known == prefix)) {
                self.known.push((prefix, seen.to_owned()));
                if prefix == "mea_" {
                    self.server.set_admin_secret(seen);
                }
            }
        }
    }
}

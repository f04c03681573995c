//! A configuration: reads back the same, and what validation accepts can be applied and served.

use crate::fixture::{Fixture, ISSUER, wants_rsa};
use mintedge::protocol::config::Config;
use mintedge::protocol::http::{Body, Headers};
use mintedge::protocol::objects::control::{ControlCommand, ControlRefusal, ControlReply};
use mintedge::protocol::validate::problems_at;

/// Runs one input.
pub fn run(json: &[u8]) {
    let Ok(config) = serde_json::from_slice::<Config>(json) else { return };
    let written = serde_json::to_string(&config).expect("JSON");
    assert_eq!(serde_json::from_str::<Config>(&written).expect("reads back"), config);
    let valid = problems_at(&config, Some(ISSUER)).is_empty();
    if wants_rsa(written.as_bytes()) {
        return;
    }
    let fixture = Fixture::new();
    let apply = ControlCommand::Apply { base_version: 1, config: Box::new(config.clone()) };
    match fixture.world.control(&apply).expect("a reply") {
        ControlReply::Applied { version, .. } => {
            assert!(valid);
            let again = ControlCommand::Apply { base_version: version, config: Box::new(config) };
            let again = fixture.world.control(&again).expect("a reply");
            assert!(
                matches!(again, ControlReply::Applied { version: same, .. } if same == version),
                "{again:?}"
            );
        }
        // Two rules are the server's own: the issuer is this one, and no resource is the admin API.
        ControlReply::Refused(ControlRefusal::Invalid(found)) => {
            assert!(
                !valid
                    || found
                        .iter()
                        .all(|problem| { problem.path == "issuer" || problem.path.ends_with(".identifier") }),
                "{found:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    fixture.world.publish().expect("published");
    fixture.world.advance(60);
    for path in ["/jwks", "/.well-known/oauth-authorization-server"] {
        let response = fixture.send("GET", path, Headers::default(), Body::Bytes(Vec::new()));
        assert_eq!(response.status, 200, "{response:?}");
        let _: serde_json::Value = serde_json::from_str(&response.body).expect("JSON");
    }
}

//! A command to the Control object, as it travels between Worker versions.

use crate::fixture::{Fixture, wants_rsa};
use mintedge::protocol::objects::control::{ControlCommand, ControlReply};

/// Runs one input.
pub fn run(json: &[u8]) {
    let Ok(command) = serde_json::from_slice::<ControlCommand>(json) else { return };
    let written = serde_json::to_string(&command).expect("JSON");
    let _: ControlCommand = serde_json::from_str(&written).expect("reads back");
    if wants_rsa(written.as_bytes()) {
        return;
    }
    let fixture = Fixture::new();
    let before = fixture.world.at_rest();
    let reply = fixture.world.control(&command).expect("a reply");
    if matches!(reply, ControlReply::Refused(_)) {
        assert_eq!(fixture.world.at_rest(), before, "a refused command changed something");
    }
    let written = serde_json::to_string(&reply).expect("JSON");
    let _: ControlReply = serde_json::from_str(&written).expect("reads back");
    fixture.world.publish().expect("published");
    assert!(!format!("{reply:?}").contains("mes_"), "Debug shows a secret");
}

//! A scope: what is accepted consists of scope tokens, without repetitions, and reads back the same.

use std::collections::BTreeSet;

use mintedge::protocol::model::scope::{MAX_SCOPES, ScopeSet, is_scope};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(set) = ScopeSet::parse(text) else { return };
    let tokens: Vec<&str> = set.iter().collect();
    assert!(tokens.len() <= MAX_SCOPES && tokens.iter().all(|token| is_scope(token)));
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len());
    let asked: BTreeSet<&str> = text.split(' ').filter(|token| !token.is_empty()).collect();
    assert_eq!(tokens.iter().copied().collect::<BTreeSet<_>>(), asked);
    assert_eq!(ScopeSet::parse(&set.to_wire()), Some(set));
}

//! The MAC of generated client ids: nothing but a generated id passes, and no id is both ours and badly formed.

use mintedge::protocol::model::client::client_id_problem;
use mintedge::protocol::model::entropy::Entropy;
use mintedge::protocol::model::secret::{
    SecretBytes, client_id_is_ours, generate_client_id, is_generated_client_id,
};

/// Gives the input's bytes, then zeros.
struct Given<'a>(std::cell::Cell<&'a [u8]>);

impl Entropy for Given<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
        let rest = self.0.get();
        let (taken, left) = rest.split_at(rest.len().min(bytes.len()));
        bytes[..taken.len()].copy_from_slice(taken);
        self.0.set(left);
    }
}

/// Runs one input.
pub fn run(input: &[u8]) {
    let key = SecretBytes::new(vec![7; 32]);
    let text = String::from_utf8_lossy(input);
    assert!(!client_id_is_ours(&key, &text), "a guessed tag fits: {text}");
    let _ = client_id_problem(&text);

    let generated = generate_client_id(&key, &Given(std::cell::Cell::new(input)));
    assert!(is_generated_client_id(&generated) && client_id_is_ours(&key, &generated));
    assert_eq!(client_id_problem(&generated), None);
    for changed in [format!("{generated}{text}"), format!("{text}{generated}")] {
        assert_eq!(client_id_is_ours(&key, &changed), changed == generated, "{changed}");
    }
    assert!(!client_id_is_ours(&SecretBytes::new(vec![8; 32]), &generated));
}

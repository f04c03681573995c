//! Compact tokens beside `jsonwebtoken`, which verifies with `ring`: another reader and other cryptography.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mintedge::memory::{FakeEntropy, Memory, World, generate_key};
use mintedge::protocol::codec::encoding::base64url;
use mintedge::protocol::codec::jws;
use mintedge::protocol::keys::keyring::SigningKey;
use mintedge::protocol::keys::schedule::{PublicKey, Schedule};
use mintedge::protocol::model::jwk::{Alg, PublicJwk};
use mintedge::protocol::model::time::Timestamp;
use mintedge::protocol::server::Server;
use mintedge::protocol::server::ports::Platform as _;
use mintedge::protocol::tokens::verify::verify;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

const NOW: Timestamp = Timestamp(1_800_000_000);
const CLAIMS: &str = r#"{"iss":"https://id.example","sub":"x","aud":"a","exp":1800000300}"#;

/// One key, here and there.
struct Party {
    server: Server<Memory>,
    key: SigningKey,
    theirs: (DecodingKey, Validation),
}

impl Party {
    fn new(alg: Alg) -> Self {
        let material = generate_key(alg, &FakeEntropy::seeded(1)).expect("a key");
        let schedule = Schedule { created_at: NOW, active_from: NOW, retire_from: None, gone_at: None };
        let jwk = material.public;
        let (theirs, name) = match &jwk {
            PublicJwk::Okp { x, .. } => (DecodingKey::from_ed_components(x), Algorithm::EdDSA),
            PublicJwk::Ec { x, y, .. } => (DecodingKey::from_ec_components(x, y), Algorithm::ES256),
            PublicJwk::Rsa { e, n } => (DecodingKey::from_rsa_components(n, e), Algorithm::RS256),
        };
        let mut validation = Validation::new(name);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let public = PublicKey { kid: jwk.thumbprint(), alg, jwk, schedule };
        let world = World::new("https://id.example").expect("an issuer");
        Self {
            server: world.isolate(None),
            key: SigningKey::new(public, material.private),
            theirs: (theirs.expect("a key"), validation),
        }
    }

    fn token(&self, header: &str, claims: &str) -> String {
        let input = jws::signing_input(&base64url(header.as_bytes()), claims);
        let signature = pollster::block_on(self.server.platform().sign(&self.key, input.as_bytes()));
        jws::complete(input, &signature.expect("signed"))
    }

    fn usual(&self) -> String {
        let (alg, kid) = (self.key.public.alg.name(), &self.key.public.kid);
        self.token(&format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"at+jwt"}}"#), CLAIMS)
    }

    fn ours_verifies(&self, token: &str) -> bool {
        let keys = [self.key.public.clone()];
        pollster::block_on(verify(&self.server, token, "at+jwt", &keys, NOW)).is_ok()
    }

    fn theirs_verifies(&self, token: &str) -> bool {
        jsonwebtoken::decode::<Value>(token, &self.theirs.0, &self.theirs.1).is_ok()
    }
}

/// One change of a text of ASCII.
#[derive(Debug, Clone)]
enum Edit {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, char),
    Remove(prop::sample::Index),
}

impl Edit {
    fn apply(&self, text: &mut String) {
        match self {
            Self::Replace(place, letter) => {
                let place = place.index(text.len());
                text.replace_range(place..=place, &letter.to_string());
            }
            Self::Insert(place, letter) => text.insert(place.index(text.len() + 1), *letter),
            Self::Remove(place) => drop(text.remove(place.index(text.len()))),
        }
    }
}

fn any_edits(letters: &'static str) -> impl Strategy<Value = Vec<Edit>> {
    let letter = move || prop::sample::select(letters.chars().collect::<Vec<_>>());
    let edit = prop_oneof![
        (any::<prop::sample::Index>(), letter()).prop_map(|(place, letter)| Edit::Replace(place, letter)),
        (any::<prop::sample::Index>(), letter()).prop_map(|(place, letter)| Edit::Insert(place, letter)),
        any::<prop::sample::Index>().prop_map(Edit::Remove),
    ];
    proptest::collection::vec(edit, 0..3)
}

fn run<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(strategy, test).expect("the property holds");
}

#[test]
fn what_is_changed_verifies_here_if_it_does_there() {
    for (alg, cases) in [(Alg::EdDsa, 2000), (Alg::Es256, 1000), (Alg::Rs256, 1000)] {
        let party = Party::new(alg);
        assert!(party.ours_verifies(&party.usual()) && party.theirs_verifies(&party.usual()));
        run(cases, &any_edits("AQZaz09-_.=+/ \n"), |edits| {
            let mut token = party.usual();
            for edit in edits {
                edit.apply(&mut token);
            }
            prop_assert_eq!(party.ours_verifies(&token), party.theirs_verifies(&token), "{}", token);
            Ok(())
        });
    }
}

#[test]
fn what_another_key_or_algorithm_signed_verifies_nowhere() {
    let parties = [Alg::EdDsa, Alg::Es256, Alg::Rs256].map(Party::new);
    for signer in &parties {
        for verifier in &parties {
            let same = signer.key.public.alg == verifier.key.public.alg;
            let token = signer.usual();
            assert_eq!((verifier.ours_verifies(&token), verifier.theirs_verifies(&token)), (same, same));
        }
    }
}

/// Headers under a signature that is right, and what each makes of them.
#[test]
fn headers_are_judged_alike_but_for_those_with_a_reason() {
    let party = Party::new(Alg::Es256);
    let kid = &party.key.public.kid;
    let cases: [(&str, bool, bool); 17] = [
        (r#""typ":"at+jwt""#, true, true),
        (r#""typ":"AT+JWT","extension":{"a":[null]}"#, true, true),
        (r#""typ":"at+jwt","jku":"https://evil.example","x5u":"https://evil.example""#, true, true),
        (r#""typ":"at+jwt","alg":"ES256""#, false, false),
        (r#""typ":"at+jwt","kid":"x""#, false, false),
        (r#""typ":1"#, false, false),
        (r#""typ":"at+jwt","jku":1"#, false, false),
        (r#""typ":"at+jwt","x5t":1"#, false, false),
        // Here a token says what kind it is (RFC 8725 §3.11).
        (r#""x":1"#, false, true),
        (r#""typ":"JWT""#, false, true),
        (r#""typ":null"#, false, true),
        // An extension that has to be understood isn't (RFC 7515 §4.1.11).
        (r#""typ":"at+jwt","crit":["exp"],"exp":1"#, false, true),
        (r#""typ":"at+jwt","crit":null"#, false, true),
        // A member comes twice, at any depth (§4).
        (r#""typ":"at+jwt","x":1,"x":1"#, false, true),
        (r#""typ":"at+jwt","x":{"y":1,"y":1}"#, false, true),
        // No hash is as short, and the claims are JSON (§4.1.7, §4.1.10).
        (r#""typ":"at+jwt","x5t":"short""#, false, true),
        (r#""typ":"at+jwt","cty":"JWT""#, false, true),
    ];
    for (rest, ours, theirs) in cases {
        let token = party.token(&format!(r#"{{"alg":"ES256","kid":"{kid}",{rest}}}"#), CLAIMS);
        assert_eq!((party.ours_verifies(&token), party.theirs_verifies(&token)), (ours, theirs), "{rest}");
    }
}

/// Whatever a header is, and whoever signed it.
#[test]
fn headers_are_read_as_jsonwebtoken_reads_them() {
    const KNOWN: [&str; 12] = [
        "HS256", "HS384", "HS512", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
        "EdDSA",
    ];
    run(5000, &any_edits("{}[]:,\"algkidtyp12 \\"), |edits| {
        let mut header = r#"{"alg":"ES256","kid":"a","typ":"at+jwt","x":1}"#.to_owned();
        for edit in edits {
            edit.apply(&mut header);
        }
        let token = jws::complete(jws::signing_input(&base64url(header.as_bytes()), "{}"), b"signature");
        match (jws::read(&token), jsonwebtoken::decode_header(&token)) {
            (Some(ours), Ok(theirs)) => {
                prop_assert_eq!(ours.alg(), format!("{:?}", theirs.alg));
                prop_assert_eq!(ours.kid(), theirs.kid.as_deref());
                prop_assert_eq!(ours.typ(), theirs.typ.as_deref());
            }
            // Which algorithms are known is for its callers to say.
            (Some(ours), Err(_)) => prop_assert!(!KNOWN.contains(&ours.alg()), "{}", header),
            // Only what comes twice makes the difference in such headers.
            (None, Ok(_)) => {
                let value: serde_json::Map<String, Value> = serde_json::from_str(&header).expect("an object");
                prop_assert!(value.len() < header.matches("\":").count(), "{}", header);
            }
            (None, Err(_)) => {}
        }
        Ok(())
    });
}

//! Refresh tokens, session cookies, device codes, `auth_req_id`s and sealed values: nothing that was not made here is ever read as one. The input's first
//! byte chooses where the rest is put into a genuine one.

use mintedge::memory::FakeEntropy;
use mintedge::protocol::config::ClientConfig;
use mintedge::protocol::keys::derived::Derived;
use mintedge::protocol::keys::sealed::{CODE_PREFIX, FLOW_PREFIX, open, seal};
use mintedge::protocol::model::id::Id;
use mintedge::protocol::model::secret::SecretBytes;
use mintedge::protocol::model::time::Timestamp;
use mintedge::protocol::model::user_code::UserCode;
use mintedge::protocol::model::user_id::UserId;
use mintedge::protocol::registration::carried;
use mintedge::protocol::tokens::auth_req_id::AUTH_REQ_PREFIX;
use mintedge::protocol::tokens::device_code::{DEVICE_PREFIX, object_of};
use mintedge::protocol::tokens::polling_code::PollingCode;
use mintedge::protocol::tokens::refresh_token::{RefreshToken, SessionCookie};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Some((position, replacement)) = input.split_first() else { return };
    let keys = Derived::from_root(&SecretBytes::new(vec![1; 32]));
    let secret = SecretBytes::new(vec![2; 32]);
    let (owner, id) = (UserId::from_bytes([3; 16]), Id::from_bytes([4; 16]));
    let token =
        RefreshToken { owner, grant: id, generation: 5, secret: secret.clone() }.to_wire(&keys.refresh);
    let cookie = SessionCookie { owner, sid: id, secret }.to_wire(&keys.session);
    let sealed = seal(&keys.code, CODE_PREFIX, &"contents", &FakeEntropy::seeded(0)).expect("sealed");
    let user_code = UserCode::parse("BCDFGHJK").expect("a code");
    let object = object_of(&keys, &user_code);
    let code = PollingCode::new(object, "tv", Timestamp(9), &FakeEntropy::seeded(0));
    let device = code.to_wire(DEVICE_PREFIX, &keys.request_uri);
    let asked = code.to_wire(AUTH_REQ_PREFIX, &keys.request_uri);
    let config =
        ClientConfig { redirect_uris: vec!["https://a.example/cb".to_owned()], ..ClientConfig::default() };
    let carried =
        carried::issue(&keys.registration, &config, Timestamp(9), &FakeEntropy::seeded(0)).expect("an id");
    for genuine in [&token, &cookie, &sealed, &device, &asked, &carried] {
        let changed = splice(genuine, usize::from(*position), replacement);
        let is_genuine = changed == *genuine;
        assert_eq!(RefreshToken::parse(&keys.refresh, &changed).is_some(), is_genuine && *genuine == token);
        assert_eq!(SessionCookie::parse(&keys.session, &changed).is_some(), is_genuine && *genuine == cookie);
        for (prefix, own) in [(DEVICE_PREFIX, &device), (AUTH_REQ_PREFIX, &asked)] {
            let parsed = PollingCode::parse(&keys.request_uri, prefix, &changed);
            assert_eq!(parsed.is_some(), is_genuine && genuine == own);
        }
        assert_eq!(carried::open(&keys.registration, &changed).is_some(), is_genuine && *genuine == carried);
        let opened = open::<String>(&keys.code, CODE_PREFIX, &changed);
        assert_eq!(opened.is_some(), is_genuine && *genuine == sealed);
        assert!(open::<String>(&keys.flow, FLOW_PREFIX, &changed).is_none());
    }
}

fn splice(genuine: &str, position: usize, replacement: &[u8]) -> String {
    let mut bytes = genuine.as_bytes().to_vec();
    let start = position.min(bytes.len());
    let end = (start + replacement.len()).min(bytes.len());
    bytes.splice(start..end, replacement.iter().copied());
    String::from_utf8_lossy(&bytes).into_owned()
}

//! Browsers that somebody has logged in with before: known by a cookie, so that strangers' attempts don't count against
//! the owner there. Nothing is stored of them. The cookie carries a random mark, whose it is, and the epoch of the password
//! it was made under; a MAC over these and the identifier proves it. Under a new password it is worth nothing: whoever knew
//! the old one may have collected marks.

use subtle::ConstantTimeEq as _;

use super::Identifier;
use crate::protocol::codec::encoding::secret_base64url;
use crate::protocol::http::cookies::Cookie;
use crate::protocol::http::error::ServerError;
use crate::protocol::keys::derived::{Derived, mac};
use crate::protocol::keys::tagged::{tagged, untagged};
use crate::protocol::model::id::Id;
use crate::protocol::model::secret::SecretBytes;
use crate::protocol::model::user_id::UserId;
use crate::protocol::objects::directory;
use crate::protocol::objects::subject::{SubjectCommand, SubjectReply, User};
use crate::protocol::server::Server;
use crate::protocol::server::ports::Platform;
use crate::protocol::server::request::RequestContext;

/// The prefix of the cookie's value.
const PREFIX: &str = "med_";
/// Bytes of a mark, an epoch and an owner each.
const PART: usize = 16;

/// A browser that somebody has logged in with. No two have the same mark, whoever uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    mark: [u8; PART],
    epoch: Id,
    /// The user whose browser it is; cookies of version 0.1.0 don't say.
    owner: Option<UserId>,
}

/// The browser behind a request, if `identifier`'s owner has logged in with it under their present password.
pub(super) async fn known<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    identifier: &Identifier,
) -> Result<Option<Device>, ServerError> {
    let cookie = Cookie::Device.read(&server.issuer, &context.request.headers);
    let keyring = server.keyring_for(cookie.unwrap_or_default(), context.now).await?;
    let device = cookie.and_then(|cookie| Device::of(identifier, &keyring.derived, cookie));
    let Some(device) = device else { return Ok(None) };
    let Some(owner) = owner(server, &keyring.derived, identifier, &device).await? else { return Ok(None) };
    let SubjectReply::User(user) = server.subject(owner, &SubjectCommand::User, context.now).await? else {
        return Ok(None);
    };
    Ok((user.login == identifier.as_str() && epoch(&user) == device.epoch).then_some(device))
}

async fn owner<P: Platform>(
    server: &Server<P>,
    derived: &Derived,
    identifier: &Identifier,
    device: &Device,
) -> Result<Option<UserId>, ServerError> {
    if device.owner.is_some() {
        return Ok(device.owner);
    }
    let find = directory::DirectoryCommand::Find { login: identifier.key(derived) };
    match server.shard(&identifier.shard(derived), &find).await? {
        directory::DirectoryReply::Owner(owner) => Ok(owner),
        _ => Ok(None),
    }
}

/// The cookie that makes the browser behind a request one that `user` has logged in with. One that was so stays the same.
pub(super) fn remember<P: Platform>(
    server: &Server<P>,
    context: &RequestContext<'_>,
    derived: &Derived,
    user: &User,
) -> String {
    let Some(identifier) = Identifier::parse(&user.login) else { return String::new() };
    let cookie = Cookie::Device.read(&server.issuer, &context.request.headers);
    let before = cookie.and_then(|cookie| Device::of(&identifier, derived, cookie));
    let kept = before.filter(|before| before.epoch == epoch(user)).map(|before| before.mark);
    Device::new(kept.unwrap_or_else(|| *Id::generate(&server.platform).bytes()), user)
        .to_wire(&identifier, derived)
}

/// The epoch of a user's password. Users of version 0.1.0 have none until it changes.
fn epoch(user: &User) -> Id {
    user.password_epoch.unwrap_or(Id::from_bytes([0; PART]))
}

impl Device {
    fn new(mark: [u8; PART], user: &User) -> Self {
        Self { mark, epoch: epoch(user), owner: Some(user.id) }
    }

    /// Reads the cookie; `None` unless it was made for this identifier.
    fn of(identifier: &Identifier, derived: &Derived, cookie: &str) -> Option<Self> {
        let (key, body) = untagged(PREFIX, &derived.session, cookie)?;
        let (mark, rest) = body.split_at_checked(PART)?;
        let mark = mark.try_into().ok()?;
        let (epoch, owner, proof) = match rest.split_at_checked(2 * PART) {
            Some((proof, [])) => ([0; PART], None, proof),
            Some((whose, proof)) => {
                let (epoch, owner) = whose.split_at_checked(PART)?;
                (epoch.try_into().ok()?, Some(UserId::from_bytes(owner.try_into().ok()?)), proof)
            }
            None => return None,
        };
        let device = Self { mark, epoch: Id::from_bytes(epoch), owner };
        bool::from(device.proof(identifier, &key).ct_eq(proof)).then_some(device)
    }

    /// The value of the cookie.
    fn to_wire(self, identifier: &Identifier, derived: &Derived) -> String {
        let owner = self.owner.map(|owner| *owner.bytes()).unwrap_or_default();
        let proof = self.proof(identifier, derived.session.current().1);
        let body = [self.mark.as_slice(), self.epoch.bytes(), &owner, &proof].concat();
        tagged(PREFIX, &derived.session, &body)
    }

    /// The name of the browser among those of one user.
    pub(super) fn name(&self) -> String {
        secret_base64url(&self.mark)
    }

    fn proof(&self, identifier: &Identifier, key: &SecretBytes) -> [u8; 32] {
        let login = identifier.as_str().as_bytes();
        match &self.owner {
            Some(owner) => {
                let parts = [b"device of".as_slice(), &self.mark, self.epoch.bytes(), owner.bytes(), login];
                mac(key, &parts)
            }
            None => mac(key, &[b"device", &self.mark, login]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::keys::tagged::to_wire;

    fn device(mark: u8) -> Device {
        let owner = Some(UserId::from_bytes([7; PART]));
        Device { mark: [mark; PART], epoch: Id::from_bytes([8; PART]), owner }
    }

    #[test]
    fn devices_of_one_person_differ_and_are_nobody_elses() {
        let derived = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let ada = Identifier::parse("ada@example.com").expect("one");
        let bob = Identifier::parse("bob@example.com").expect("one");
        let (phone, laptop) = (device(1), device(2));
        let cookie = phone.to_wire(&ada, &derived);
        assert_ne!(cookie, laptop.to_wire(&ada, &derived));
        assert_eq!(Device::of(&ada, &derived, &cookie), Some(phone));
        assert_eq!(Device::of(&bob, &derived, &cookie), None);
        // Cut out of another cookie, with another epoch, or of another server.
        for other in [laptop, Device { epoch: Id::from_bytes([9; PART]), ..phone }] {
            let owner = [7; PART];
            let proof = phone.proof(&ada, derived.session.current().1);
            let mixed = [other.mark.as_slice(), other.epoch.bytes(), &owner, &proof].concat();
            assert_eq!(Device::of(&ada, &derived, &tagged(PREFIX, &derived.session, &mixed)), None);
        }
        let other = Derived::from_root(&SecretBytes::new(vec![2; 32]));
        assert_eq!(Device::of(&ada, &derived, &phone.to_wire(&ada, &other)), None);
        for length in [0, 8, 16, 47, 49, 79, 81] {
            let short = tagged(PREFIX, &derived.session, &vec![1; length]);
            assert_eq!(Device::of(&ada, &derived, &short), None, "{length}");
        }
        assert_eq!(Device::of(&ada, &derived, ""), None);
    }

    #[test]
    fn a_cookie_of_version_0_1_0_is_read() {
        let derived = Derived::from_root(&SecretBytes::new(vec![1; 32]));
        let ada = Identifier::parse("ada@example.com").expect("one");
        let old = Device { mark: [3; PART], epoch: Id::from_bytes([0; PART]), owner: None };
        let key = derived.session.current().1;
        let body = [old.mark.as_slice(), &old.proof(&ada, key)].concat();
        let text = to_wire(PREFIX, &[&body], &mac(key, &[PREFIX.as_bytes(), &body]));
        assert_eq!(Device::of(&ada, &derived, &text), Some(old));
    }

    /// The account and the cookie are as version 0.1.0 made them.
    #[test]
    fn a_browser_that_version_0_1_0_remembered_is_known_until_the_password_changes() {
        use crate::memory::World;
        use crate::protocol::http::{Body, Headers, Method, Request, SensitiveHeader};
        use crate::protocol::objects::subject::Change;
        use crate::protocol::passwords::PasswordHash;
        let server = World::new("https://id.example.com").expect("an issuer").isolate(None);
        pollster::block_on(async {
            let ada = Identifier::parse("ada@example.com").expect("one");
            let new = crate::protocol::login::accounts::NewAccount {
                login: ada.as_str().to_owned(),
                ..Default::default()
            };
            let now = server.platform.now();
            let made = server.make_account(new, now).await.expect("made");
            let crate::protocol::login::accounts::Made::User(user) = made else { panic!("{made:?}") };
            let derived = &server.any_keyring(now).await.expect("keys").derived;
            let old = Device { mark: [3; PART], epoch: epoch(&user), owner: None };
            assert_ne!(old.epoch, Id::from_bytes([0; PART]), "a new account has an epoch");
            let key = derived.session.current().1;
            let body = [old.mark.as_slice(), &old.proof(&ada, key)].concat();
            let cookie = format!("__Host-mintedge-device={}", tagged(PREFIX, &derived.session, &body));
            let headers = Headers { cookie: Some(SensitiveHeader::new(cookie)), ..Headers::default() };
            let request = Request::new(Method::Post, "/login", headers, Body::Bytes(Vec::new()));
            let context = RequestContext::new(&request, &server.platform);
            assert_eq!(known(&server, &context, &ada).await.expect("an answer"), None, "another epoch");
            // As if it had been made before there were epochs: it is deleted and made again, without one.
            let before = serde_json::json!({
                "id": UserId::from_bytes([9; PART]), "login": ada.as_str(), "enabled": true, "created_at": 0,
                "updated_at": 0,
            });
            let before: User = serde_json::from_value(before).expect("a user");
            server.delete_account(ada.as_str(), now).await.expect("deleted");
            let (login, name) = (ada.key(derived), ada.as_str().to_owned());
            let claim = directory::DirectoryCommand::Claim { login, name, owner: before.id };
            server.shard(&ada.shard(derived), &claim).await.expect("claimed");
            server
                .subject(before.id, &SubjectCommand::Create(Box::new(before.clone())), now)
                .await
                .expect("made");
            let found = known(&server, &context, &ada).await.expect("an answer");
            assert_eq!(found.map(|device| device.mark), Some([3; PART]));
            let change = Change { password: Some(PasswordHash("x".to_owned())), ..Change::default() };
            server.subject(before.id, &SubjectCommand::Change(Box::new(change)), now).await.expect("changed");
            assert_eq!(known(&server, &context, &ada).await.expect("an answer"), None, "a new password");
        });
    }
}

//! Who acts (RFC 8693 §4.1) and who may (§4.4). `act` is always built here, from parties this server has authenticated;
//! what a request or a foreign token says of actors counts for nothing.

use serde_json::{Map, Value, json};

use super::time::Timestamp;

/// Most actors in a chain. A longer one is refused, never cut short.
pub const MAX_DEPTH: usize = 4;

/// An actor: a client or a person who acts for the subject (RFC 8693 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The `sub` of the actor: a client id, or a user's `sub`.
    pub sub: String,
    /// The id of the client that the actor uses.
    pub client_id: String,
    /// When the token that proves the actor ends, if there was one.
    pub expires_at: Option<Timestamp>,
}

impl Actor {
    /// A client that acts in its own name.
    pub fn client(client_id: &str) -> Self {
        Self { sub: client_id.to_owned(), client_id: client_id.to_owned(), expires_at: None }
    }

    /// Whether `may_act` names this actor: every member of it has to be known and fit (RFC 8693 §4.4).
    pub fn is_named_by(&self, may_act: &Value, own_issuer: &str) -> bool {
        let Some(members) = may_act.as_object().filter(|members| !members.is_empty()) else { return false };
        members.iter().all(|(name, value)| match name.as_str() {
            "sub" => *value == *self.sub,
            "client_id" => *value == *self.client_id,
            "iss" => *value == *own_issuer,
            _ => false,
        })
    }

    /// The `act` claim: this actor, and inside it those that acted before. `None` if the chain gets too long.
    pub fn on_top_of(&self, earlier: Option<&Value>) -> Option<Value> {
        let mut act = Map::new();
        act.insert("sub".to_owned(), self.sub.as_str().into());
        act.insert("client_id".to_owned(), self.client_id.as_str().into());
        if let Some(earlier) = earlier {
            act.insert("act".to_owned(), earlier.clone());
        }
        let act = Value::Object(act);
        (depth(&act) <= MAX_DEPTH).then_some(act)
    }
}

/// How many actors an `act` claim names, nested ones included.
fn depth(act: &Value) -> usize {
    std::iter::successors(Some(act), |act| act.get("act")).take(MAX_DEPTH + 1).count()
}

/// The `may_act` claim that lets the client `client_id` act, and nobody else.
pub fn may_act(client_id: &str) -> Value {
    json!({ "sub": client_id, "client_id": client_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_has_the_last_actor_outermost_and_ends_at_four() {
        let mut act = None;
        for name in ["a", "b", "c", "d"] {
            act = Some(Actor::client(name).on_top_of(act.as_ref()).expect("room"));
        }
        let act = act.expect("a chain");
        assert_eq!(act["sub"], "d");
        assert_eq!(act["act"]["act"]["act"]["sub"], "a");
        assert_eq!(Actor::client("e").on_top_of(Some(&act)), None);
    }

    #[test]
    fn every_member_of_may_act_has_to_fit() {
        let actor = Actor { sub: "usr_1".to_owned(), client_id: "agent".to_owned(), expires_at: None };
        let named = |may_act: Value| actor.is_named_by(&may_act, "https://auth.example");
        assert!(named(json!({ "sub": "usr_1" })));
        assert!(named(json!({ "sub": "usr_1", "client_id": "agent", "iss": "https://auth.example" })));
        for other in [
            json!({ "sub": "usr_2" }),
            json!({ "sub": "usr_1", "client_id": "another" }),
            json!({ "sub": "usr_1", "iss": "https://other.example" }),
            json!({ "sub": "usr_1", "email": "a@example.com" }),
            json!({ "sub": ["usr_1"] }),
            json!({}),
            json!("usr_1"),
            json!(null),
        ] {
            assert!(!named(other.clone()), "{other}");
        }
    }
}

//! A world at rest, as JSON: what one release has written, for the next one to read. The tests of upgrades use it.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::entropy::FakeEntropy;
use super::objects::{Object, Objects};
use super::world::World;
use crate::protocol::objects::Class;

#[derive(Serialize, Deserialize)]
struct Rest {
    now: u64,
    seed: u64,
    control: Control,
    objects: Vec<(String, String, Object)>,
    snapshots: BTreeMap<String, String>,
}

/// The Control object: its rows, or the tables that it had in releases before it had rows like the others.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Control {
    Tables { head: Option<String>, clients: BTreeMap<String, String> },
    Rows(Object),
}

impl Control {
    fn into_object(self) -> Object {
        let (head, clients) = match self {
            Self::Rows(object) => return object,
            Self::Tables { head, clients } => (head, clients),
        };
        let mut object = Object::default();
        if let Some(json) = head {
            object.put("head", json);
        }
        for (client_id, json) in clients {
            object.put(format!("client/{client_id}"), json);
        }
        object
    }
}

impl World {
    /// Writes everything that is stored, and the time, as JSON.
    pub fn to_rest(&self) -> String {
        let rest = Rest {
            now: self.now.get(),
            seed: self.entropy.seed(),
            control: Control::Rows(
                self.control.borrow().get(Class::Control, self.issuer.as_str()).cloned().unwrap_or_default(),
            ),
            objects: self.objects.borrow().rows(),
            snapshots: self.snapshots.borrow().clone(),
        };
        serde_json::to_string_pretty(&rest).unwrap_or_default()
    }

    /// Makes a world of `issuer` that goes on where `rest` ended.
    ///
    /// # Errors
    /// If `rest` isn't the JSON of a world.
    pub fn from_rest(issuer: &str, rest: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let rest: Rest = serde_json::from_str(rest)?;
        let mut world = Self::new(issuer).map_err(|error| error.to_string())?;
        world.now.set(rest.now);
        world.entropy = Rc::new(FakeEntropy::seeded(rest.seed));
        let control = (Class::Control.name().to_owned(), issuer.to_owned(), rest.control.into_object());
        *world.control.borrow_mut() = Objects::of(vec![control]);
        *world.objects.borrow_mut() = Objects::of(rest.objects);
        *world.snapshots.borrow_mut() = rest.snapshots;
        Ok(world)
    }
}

//! A world at rest, as JSON: what one release has written, for the next one to read.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::entropy::FakeEntropy;
use super::objects::{Object, Objects};
use super::store::{MemoryStore, Rows};
use super::world::World;

#[derive(Serialize, Deserialize)]
struct Rest {
    now: u64,
    seed: u64,
    control: Rows,
    objects: Vec<(String, String, Object)>,
    snapshots: BTreeMap<String, String>,
}

impl World {
    /// Everything stored, and the time.
    pub fn to_rest(&self) -> String {
        let rest = Rest {
            now: self.now.get(),
            seed: self.entropy.seed(),
            control: self.store.borrow().rows(),
            objects: self.objects.borrow().rows(),
            snapshots: self.snapshots.borrow().clone(),
        };
        serde_json::to_string_pretty(&rest).unwrap_or_default()
    }

    /// A world of `issuer` that goes on where `rest` ended.
    ///
    /// # Errors
    /// If `rest` is none.
    pub fn from_rest(issuer: &str, rest: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let rest: Rest = serde_json::from_str(rest)?;
        let mut world = Self::new(issuer).map_err(|error| error.to_string())?;
        world.now.set(rest.now);
        world.entropy = Rc::new(FakeEntropy::seeded(rest.seed));
        *world.store.borrow_mut() = MemoryStore::of(rest.control);
        *world.objects.borrow_mut() = Objects::of(rest.objects);
        *world.snapshots.borrow_mut() = rest.snapshots;
        Ok(world)
    }
}

//! Computes the passwords that objects order to be hashed, in steps that `edge/hashing.mjs` spreads over time. One order is in
//! work at a time, because each holds megabytes of the isolate's memory.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

use super::js::failed;
use super::objects::thrown;
use crate::protocol::codec::json;
use crate::protocol::passwords::{Computed, Task};

thread_local! {
    /// The order in work, with its number.
    static TASK: RefCell<Option<(u32, Task)>> = const { RefCell::new(None) };
}

/// Begins with an order that [`super::objects::object`] answered, under a number that no other order has. An order that is still
/// in work is dropped. False if there is no memory for the new one.
///
/// # Errors
/// If it isn't an order.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn hash_begin(number: u32, order: &str) -> Result<bool, JsValue> {
    // The memory of the order before is given back first.
    TASK.set(None);
    let order = json::from_str(order).map_err(|error| thrown(failed(error)))?;
    TASK.set(Task::begin(order).map(|task| (number, task)));
    Ok(TASK.with_borrow(Option::is_some))
}

/// Works on the order with this number for about `budget` microseconds. Returns the result (JSON) when it is done.
///
/// # Errors
/// If another one is in work, or none: the wasm instance was replaced, or the order was taken for dead.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn hash_step(number: u32, budget: u32) -> Result<Option<String>, JsValue> {
    let step = |slot: &mut Option<(u32, Task)>| match slot {
        Some((of, task)) if *of == number => Some(task.step(budget)),
        _ => None,
    };
    let Some(computed): Option<Option<Computed>> = TASK.with_borrow_mut(step) else {
        return Err(JsError::new("the order is not in work any more").into());
    };
    let Some(computed) = computed else { return Ok(None) };
    TASK.set(None);
    serde_json::to_string(&computed).map(Some).map_err(|error| thrown(failed(error)))
}

/// Drops the order with this number, if it is in work.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn hash_end(number: u32) {
    TASK.with_borrow_mut(|slot| {
        if slot.as_ref().is_some_and(|(of, _)| *of == number) {
            *slot = None;
        }
    });
}

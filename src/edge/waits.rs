//! What a request waits for: a promise of JavaScript, such as a signature or the answer of an object.
//!
//! `edge/entry.mjs` waits in the place of wasm where it can, and calls [`super::resume`] with what came: that takes neither closures
//! over the wasm boundary nor a promise of ours, which together cost a third of an ES256 signature. One promise of a request can
//! be waited for like this at a time. Where there are several at once, wasm waits for the others by itself.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::js;
use crate::protocol::model::time::{MINUTE, Timestamp};

/// The most requests that wait in `edge/entry.mjs`.
const MAX_WAITING: usize = 2048;
/// How long a request waits at most, in seconds. One whose client went away is never resumed, and must not stay for ever.
const LONGEST: u64 = 2 * MINUTE;

/// The answer of a request, on its way.
pub(super) type Answer = Pin<Box<dyn Future<Output = String>>>;

/// Names a promise that `edge/entry.mjs` waits for. JavaScript counts them, because it outlives an instance of wasm: a number is
/// never given twice, so that a request can't get what another one waited for.
type Ticket = u32;

thread_local! {
    /// The requests that wait, by the ticket of what they wait for.
    static WAITING: RefCell<BTreeMap<Ticket, Waiting>> = const { RefCell::new(BTreeMap::new()) };
    /// What the request waits for that is polled at the moment; unset while none is.
    static POLLED: RefCell<Option<Polled>> = const { RefCell::new(None) };
    /// What has come and was not taken yet, by the ticket of its promise.
    static ARRIVED: RefCell<BTreeMap<Ticket, Outcome>> = const { RefCell::new(BTreeMap::new()) };
}

struct Waiting {
    answer: Answer,
    /// Wakes the part of the request that waits, if parts of it run side by side.
    waker: Waker,
    since: Timestamp,
}

/// What a promise became: fulfilled or rejected.
type Outcome = Result<JsValue, JsValue>;

#[derive(Default)]
struct Polled {
    asked: Option<(Ticket, Waker)>,
}

/// Goes on with `answer` as far as it gets. Returns the answer as a string; or a ticket, if there is one promise to be waited
/// for; or else a promise of the answer.
pub(super) fn advance(mut answer: Answer) -> JsValue {
    POLLED.set(Some(Polled::default()));
    let polled = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let asked = POLLED.take().and_then(|polled| polled.asked);
    match (polled, asked) {
        (Poll::Ready(text), _) => JsValue::from_str(&text),
        (Poll::Pending, Some((ticket, waker))) => {
            let request = Waiting { answer, waker, since: js::now() };
            WAITING.with_borrow_mut(|waiting| keep(waiting, ticket, request));
            ticket.into()
        }
        // The promise polls again, with a waker of its own.
        (Poll::Pending, None) => {
            future_to_promise(async move { Ok(JsValue::from_str(&answer.await)) }).into()
        }
    }
}

/// Keeps a request, and drops those that have waited too long. Where too many wait the new one isn't kept, so it fails when it is
/// resumed: the others have got further.
fn keep(waiting: &mut BTreeMap<Ticket, Waiting>, ticket: Ticket, request: Waiting) {
    let has_given_up = |oldest: &Waiting| request.since.since(oldest.since) > LONGEST;
    while waiting.first_entry().is_some_and(|oldest| has_given_up(oldest.get())) {
        waiting.pop_first();
    }
    if waiting.len() < MAX_WAITING {
        waiting.insert(ticket, request);
    }
}

/// Goes on with the request that waits for `ticket`, which became `value`. Returns what [`advance`] returns, and undefined if
/// there is no such request any more.
pub(super) fn resume(ticket: Ticket, outcome: Outcome) -> JsValue {
    let Some(Waiting { answer, waker, .. }) = WAITING.with_borrow_mut(|waiting| waiting.remove(&ticket))
    else {
        return JsValue::UNDEFINED;
    };
    ARRIVED.with_borrow_mut(|arrived| arrived.insert(ticket, outcome));
    waker.wake();
    advance(answer)
}

/// Waits for a promise.
pub(super) fn settled(promise: Promise) -> Settled {
    Settled(Wait::Begins(promise))
}

/// The future of a promise's value, or of what it was rejected with.
pub(super) struct Settled(Wait);

/// What came for a future that nobody asks any more is dropped with it.
impl Drop for Settled {
    fn drop(&mut self) {
        if let Wait::Outside(ticket) = self.0 {
            ARRIVED.with_borrow_mut(|arrived| arrived.remove(&ticket));
        }
    }
}

enum Wait {
    Begins(Promise),
    Outside(Ticket),
    Inside(JsFuture),
}

impl Future for Settled {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Wait::Begins(promise) = &self.0 {
            self.0 = begin(promise, context.waker());
        }
        match &mut self.0 {
            Wait::Inside(future) => Pin::new(future).poll(context),
            Wait::Outside(ticket) => {
                let outcome = ARRIVED.with_borrow_mut(|arrived| arrived.remove(ticket));
                outcome.map_or(Poll::Pending, Poll::Ready)
            }
            Wait::Begins(_) => Poll::Pending,
        }
    }
}

/// Leaves the waiting to `edge/entry.mjs`, if it polls and doesn't wait for anything else yet.
fn begin(promise: &Promise, waker: &Waker) -> Wait {
    POLLED.with_borrow_mut(|polled| match polled {
        Some(Polled { asked: asked @ None }) => {
            let ticket = js::wait_for(promise);
            *asked = Some((ticket, waker.clone()));
            Wait::Outside(ticket)
        }
        _ => Wait::Inside(JsFuture::from(promise.clone())),
    })
}

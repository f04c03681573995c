// Computes password hashes for the Durable Objects of an isolate: one at a time, because each holds megabytes, and in steps of
// a few milliseconds, between which the isolate's one thread does everything else. Who comes meanwhile waits in a line; who
// finds it too long is sent away at once.
//
// Requests share numbers here and never a promise: the runtime lets no request wait for what another one has to do. So each
// looks from time to time whether it is its turn. A request that ended without leaving the line (its object was moved, its
// isolate's other half was replaced) is noticed by what it no longer does.
import { hash_begin as begin, hash_step as step, hash_end as end } from "../build/index.js";
import { makeLine } from "./hashing_line.mjs";
import { guard } from "./recovery.mjs";

// What a step may cost, in microseconds or so. What others wait for comes in several turns of the event loop, so it is less than
// they would bear; and every turn costs this thread its place where others want the processor, so it isn't much less.
const STEP = 4000;
// How often those who wait look, in milliseconds for each that is before them.
const LOOK = 10;

const line = makeLine(Date.now);

/** What there is to say when nothing can be computed: `Computed::Busy`. */
const BUSY = JSON.stringify("busy");

/** Computes `order` for `object`; returns what came of it, as text for `object` in `src/edge/objects.rs`. */
export async function compute(object, order) {
  let computed;
  // Who was taken for gone but only heard nothing for long, such as an object that waited for its disk, stands in line again.
  while (computed === undefined) {
    const mine = line.enter(object);
    if (mine === undefined) return BUSY;
    try {
      for (let place; (place = line.place(mine)) > 0; line.look(mine)) await sleep(place * LOOK);
      computed = await work(mine, order);
    } finally {
      line.leave(mine);
      guard(() => end(mine.number));
    }
  }
  return computed;
}

/** What came of it, or undefined if `mine` has not the first place, or no longer. */
async function work(mine, order) {
  if (line.place(mine) !== 0) return undefined;
  if (!guard(() => begin(mine.number, order))) return BUSY;
  while (line.place(mine) === 0) {
    const computed = guard(() => step(mine.number, STEP));
    if (computed !== undefined) return computed;
    await sleep(0);
    line.look(mine);
  }
  return undefined;
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

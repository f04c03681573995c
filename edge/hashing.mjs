// Computes password hashes for the Durable Objects of an isolate: one at a time, because each holds megabytes, and in steps of
// a few milliseconds, between which the isolate's one thread does everything else. Who comes meanwhile waits in a line; who
// finds it too long is sent away at once.
//
// Requests share numbers here and never a promise: the runtime lets no request wait for what another one has to do. So each
// looks from time to time whether it is its turn. A request that ended without leaving the line (its object was moved, its
// isolate's other half was replaced) is noticed by what it no longer does.
import Shim from "../build/index.js";
import { guard } from "./recovery.mjs";

const { hash_begin: begin, hash_step: step, hash_end: end } = Shim.prototype;

// Most that wait or work, in the isolate and for one object. A hash takes about 60 ms of CPU, so the last one waits two seconds
// where the thread has nothing else to do.
const MOST = 32;
const MOST_FOR_ONE = 8;
// What a step may cost, in microseconds or so. What others wait for comes in several turns of the event loop, so it is less than
// they would bear; and every turn costs this thread its place where others want the processor, so it isn't much less.
const STEP = 4000;
// How long somebody may be silent before they count as gone, in milliseconds.
const SILENCE = 10_000;
// How often those who wait look, in milliseconds for each that is before them.
const LOOK = 10;

// Those who work (the first) or wait: `{ number, object, seen }`.
let line = [];
let last = 0;

/** What there is to say when nothing can be computed: `Computed::Busy`. */
const BUSY = JSON.stringify("busy");

/** Computes `order` for `object`; returns what came of it, as text for `object` in `src/edge/objects.rs`. */
export async function compute(object, order) {
  const mine = enter(object);
  if (mine === undefined) return BUSY;
  try {
    for (let place; (place = line.indexOf(mine)) !== 0; ) {
      if (place < 0) return BUSY; // taken for gone
      await sleep(place * LOOK);
      look(mine);
    }
    return (await work(mine, order)) ?? BUSY;
  } finally {
    line = line.filter((other) => other !== mine);
    guard(() => end(mine.number));
  }
}

function enter(object) {
  dropSilent(Date.now());
  const own = line.filter((other) => other.object === object).length;
  if (line.length >= MOST || own >= MOST_FOR_ONE) return undefined;
  last = (last + 1) >>> 0;
  const mine = { number: last, object, seen: Date.now() };
  line.push(mine);
  return mine;
}

async function work(mine, order) {
  if (!guard(() => begin(mine.number, order))) return undefined;
  while (line[0] === mine) {
    const computed = guard(() => step(mine.number, STEP));
    if (computed !== undefined) return computed;
    await sleep(0);
    look(mine);
  }
  return undefined;
}

function look(mine) {
  mine.seen = Date.now();
  dropSilent(mine.seen);
}

function dropSilent(now) {
  line = line.filter(({ seen }) => now - seen < SILENCE);
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// The line of those who want a password hashed: the first works, the others wait. It knows no wasm and is told the time, so that
// it can be tried alone.
//
// Most that wait or work, in the isolate and for one object. A hash takes about 60 ms of CPU, so the last one waits two seconds
// where the thread has nothing else to do.
export const MOST = 32;
export const MOST_FOR_ONE = 8;
// How long somebody may be silent before they count as gone, in milliseconds in which others were seen.
export const SILENCE = 10_000;
// How much of the time between two looks counts. When the whole isolate stood still, everybody was silent, and who wakes first
// must not take the others for gone.
const STRIDE = 250;

/** A line in which nobody stands. `now` is a clock in milliseconds. */
export function makeLine(now) {
  let line = []; // `{ number, object, seen }`
  let last = 0;
  let looked = now();
  let time = 0;

  function look(mine) {
    const at = now();
    time += Math.min(Math.max(at - looked, 0), STRIDE);
    looked = at;
    if (mine) mine.seen = time;
    line = line.filter(({ seen }) => time - seen < SILENCE);
  }

  return {
    /** A place at the end, or undefined if there are too many. */
    enter(object) {
      look();
      const own = line.filter((other) => other.object === object).length;
      if (line.length >= MOST || own >= MOST_FOR_ONE) return undefined;
      last = (last + 1) >>> 0;
      const mine = { number: last, object, seen: time };
      line.push(mine);
      return mine;
    },
    /** How many stand before `mine`; -1 when it was taken for gone. */
    place: (mine) => line.indexOf(mine),
    /** Shows that whoever has this place is still there. */
    look,
    leave(mine) {
      line = line.filter((other) => other !== mine);
    },
  };
}

// `edge/hashing_line.mjs` with a clock of its own: who stands in line for a password hash, and who is taken for gone.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MOST, MOST_FOR_ONE, SILENCE, makeLine } from "../../edge/hashing_line.mjs";

let now, line;

beforeEach(() => {
  now = 1_000_000;
  line = makeLine(() => now);
});

/** `count` who entered, each for an object of its own. */
const enter = (count) => Array.from({ length: count }, (_, number) => line.enter(`object ${number}`));

/** Lets `time` pass, in which `those` look every ten milliseconds. */
function pass(time, those) {
  for (const end = now + time; now < end; ) {
    now += 10;
    those.forEach(line.look);
  }
}

test("each stands behind those who came before, under a number of its own", () => {
  const [first, second, third] = enter(3);
  assert.deepEqual([first, second, third].map(line.place), [0, 1, 2]);
  assert.equal(new Set([first.number, second.number, third.number]).size, 3);
  line.leave(first);
  assert.deepEqual([first, second, third].map(line.place), [-1, 0, 1]);
});

test("a line that is full takes nobody until somebody leaves", () => {
  const all = enter(MOST);
  assert.equal(line.enter("another"), undefined);
  line.leave(all[3]);
  assert.equal(line.place(line.enter("another")), MOST - 1);
});

test("one object can't fill the line", () => {
  const own = Array.from({ length: MOST_FOR_ONE }, () => line.enter("one"));
  assert.equal(line.enter("one"), undefined);
  assert.equal(line.place(line.enter("another")), MOST_FOR_ONE);
  line.leave(own[0]);
  assert.notEqual(line.enter("one"), undefined);
});

test("who looks is never taken for gone", () => {
  const all = enter(MOST);
  pass(60_000, all);
  assert.deepEqual(all.map(line.place), all.map((_, place) => place));
});

test("who is silent while others are seen counts as gone, and not before", () => {
  const [gone, ...others] = enter(3);
  pass(SILENCE - 10, others);
  assert.equal(line.place(gone), 0);
  pass(20, others);
  assert.deepEqual([gone, ...others].map(line.place), [-1, 0, 1]);
});

test("somebody who comes later finds out who is gone", () => {
  const [gone] = enter(1);
  now += 3_600_000;
  const later = line.enter("later");
  assert.equal(line.place(later), 1);
  pass(SILENCE, [later]);
  assert.deepEqual([gone, later].map(line.place), [-1, 0]);
});

test("an isolate that stands still for a minute drops nobody, whoever wakes first", () => {
  for (let first = 0; first < MOST; first += 1) {
    line = makeLine(() => now);
    const all = enter(MOST);
    pass(100, all);
    now += 60_000;
    line.look(all[first]);
    assert.equal(line.enter("another"), undefined);
    assert.deepEqual(all.map(line.place), all.map((_, place) => place));
  }
});

test("an isolate that stands still again and again drops nobody", () => {
  const all = enter(MOST);
  for (let round = 0; round < 100; round += 1) {
    for (const mine of all) {
      if (mine.number % 32 === round % 32) now += 20_000;
      line.look(mine);
    }
  }
  assert.deepEqual(all.map(line.place), all.map((_, place) => place));
});

test("a clock that is set back takes nobody for gone, nor keeps who is", () => {
  const [gone, ...others] = enter(3);
  now -= 3_600_000;
  pass(SILENCE + 10, others);
  assert.deepEqual([gone, ...others].map(line.place), [-1, 0, 1]);
});

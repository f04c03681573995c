// `edge/rows.mjs` over a database of its own: what it asks of the storage, and how it gets from the tables of an earlier release to
// those of today, whatever interrupts it.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";

import { Rows } from "../../edge/rows.mjs";
import { content, control, storage } from "../upgrade/state.mjs";

function inMemory(text = "") {
  const database = new DatabaseSync(":memory:");
  database.exec(text);
  return database;
}

/** Rows, and the statements they lead to. */
function counted(name = "Subject", text = "") {
  const statements = [];
  const rows = new Rows(storage(inMemory(text), (statement) => statements.push(statement.split(" ", 2).join(" "))), name);
  statements.length = 0;
  return { rows, taken: () => statements.splice(0) };
}

test("what was read or written once is read from memory", () => {
  const { rows, taken } = counted();
  rows.write("user", "ada");
  rows.write("grant/1", "first");
  taken();
  const refresh = (value) => {
    const read = [rows.read("grant/1"), rows.read("session/1"), rows.read("user")];
    rows.write("grant/1", value);
    return read;
  };
  assert.deepEqual(refresh("second"), ["first", undefined, "ada"]);
  assert.deepEqual(taken(), ["SELECT value", "INSERT OR"], "one row was not known yet");
  assert.deepEqual(refresh("third"), ["second", undefined, "ada"]);
  assert.deepEqual(taken(), ["INSERT OR"]);
  rows.write("grant/1", undefined);
  rows.write("session/1", "here");
  taken();
  assert.deepEqual([rows.read("grant/1"), rows.read("session/1")], [undefined, "here"]);
  assert.deepEqual(taken(), []);
  assert.deepEqual(rows.list("", undefined, 10), ["session/1", "here", "user", "ada"]);
});

test("memory is bounded, by rows and by characters", () => {
  const { rows, taken } = counted();
  rows.write("user", "ada");
  for (let number = 0; number < 2_000; number += 1) rows.write(`grant/${number}`, "value");
  assert.ok(rows.kept.size <= 500, `${rows.kept.size}`);
  taken();
  assert.equal(rows.read("user"), "ada");
  assert.deepEqual(taken(), ["SELECT value"], "it was forgotten");
  for (let number = 0; number < 100; number += 1) rows.write("user", "a".repeat(10_000));
  assert.equal(rows.characters, [...rows.kept].reduce((sum, [key, value]) => sum + key.length + value.length, 0));
  rows.write("large", "a".repeat(300_000));
  assert.deepEqual([rows.kept.size, rows.characters], [0, 0]);
  assert.equal(rows.read("large").length, 300_000);
});

const TODAY = "CREATE TABLE schema (version INTEGER PRIMARY KEY) WITHOUT ROWID; INSERT INTO schema VALUES";

test("tables of a later release are left alone", () => {
  for (const [name, known] of [["Control", 2], ["Subject", 1]]) {
    const database = inMemory(`${TODAY} (${known + 1})`);
    assert.throws(() => new Rows(storage(database), name), new RegExp(`version ${known + 1}.*knows ${known}`));
    assert.deepEqual(content(database), { schema: [[known + 1]] });
  }
});

const MIXED = `
  INSERT INTO outbox VALUES ('p/client/zz-taken', -3);
  INSERT INTO outbox VALUES ('p/client/aa-given', 7);
`;

for (const release of ["990b797", "98c8e2d"]) {
  test(`the Control object's tables of ${release} become rows`, () => {
    const before = content(inMemory(control(release) + MIXED));
    const database = inMemory(control(release) + MIXED);
    const rows = new Rows(storage(database), "Control");
    const after = content(database);
    assert.deepEqual(Object.keys(after).sort(), ["row", "schema"]);
    assert.deepEqual(after.schema, [[2]]);
    assert.equal(rows.read("head"), before.head[0][1]);
    for (const [id, json] of before.client) assert.equal(rows.read(`client/${id}`), json);
    const outbox = rows.list("outbox/", undefined, 100).filter((_, index) => index % 2 === 0);
    assert.equal(outbox.length, before.outbox.length);
    assert.equal(rows.read("outbox/0/p/client/zz-taken"), "3");
    assert.equal(rows.read("outbox/1/p/client/aa-given"), "7");
    assert.ok(outbox.indexOf("outbox/0/p/client/zz-taken") < outbox.indexOf("outbox/1/p/client/aa-given"));
    assert.equal(after.row.length, 1 + before.client.length + before.outbox.length);
  });

  test(`a failure or a crash at any statement leaves the tables of ${release} as they were, or done`, () => {
    const directory = mkdtempSync(join(tmpdir(), "mintedge-rows-"));
    const text = control(release) + MIXED;
    const before = content(inMemory(text));
    const upgraded = inMemory(text);
    new Rows(storage(upgraded), "Control");
    const done = content(upgraded);
    let interrupted = 0;
    for (let at = 0; ; at += 1) {
      const place = join(directory, `${at}.sqlite`);
      const database = new DatabaseSync(place);
      database.exec(`PRAGMA journal_mode = WAL; ${text}`);
      let left = at;
      const crash = () => {
        left -= 1;
        if (left >= 0) return;
        // What a crash would leave on the disk.
        for (const end of ["", "-wal"]) if (existsSync(place + end)) cpSync(place + end, `${place}.crashed${end}`);
        throw new Error("told to fail");
      };
      let failed = false;
      try {
        new Rows(storage(database, crash), "Control");
      } catch (error) {
        assert.equal(error.message, "told to fail");
        failed = true;
      }
      if (!failed) break;
      interrupted += 1;
      for (const left of [database, new DatabaseSync(`${place}.crashed`)]) {
        assert.deepEqual(content(left), before, `statement ${at}`);
        new Rows(storage(left), "Control");
        assert.deepEqual(content(left), done, `after statement ${at}`);
        left.close();
      }
    }
    assert.ok(interrupted >= 9, `${interrupted} statements`);
    rmSync(directory, { recursive: true, force: true });
  });
}

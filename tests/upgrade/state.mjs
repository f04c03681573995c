// The state of an earlier release, as `make.mjs` wrote it, moved to today.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { ROOT } from "../objects/server.mjs";

const DAY = 86_400;
const PLACE = join(ROOT, "tests", "upgrade");

/** What `release` handed out. */
export const handedOut = (release) => JSON.parse(readFileSync(join(PLACE, release, "handed_out.json"), "utf8"));

/** What `release` stored: objects by class and id, each as SQL text. What had an hour to live then has one now. */
export function objects(release) {
  const { made_at } = handedOut(release);
  const moved = Math.floor(Date.now() / 1000) - made_at;
  const isTime = (seconds) => seconds > made_at - DAY && seconds < made_at + 400 * DAY;
  const shift = (whole, start, digits) => (isTime(Number(digits)) ? `${start}${Number(digits) + moved}` : whole);
  return readdirSync(join(PLACE, release)).filter((file) => file.endsWith(".sql")).map((file) => {
    const [kind, id] = file.split(".");
    const text = readFileSync(join(PLACE, release, file), "utf8")
      .replace(/("\w+":)(\d{10})\b/g, shift)
      // The runtime's alarms, in nanoseconds.
      .replace(/(VALUES \(1, )(\d{10})(?=\d{9}\))/g, shift);
    return { kind, id, text };
  });
}

/** The SQL text of the Control object, without the runtime's own tables. */
export function control(release) {
  const { text } = objects(release).find(({ kind }) => kind === "Control");
  return text.split("\n").filter((line) => !line.includes("_cf_")).join("\n");
}

/** Writes the databases to where the runtime looks for them. */
export function layDown(release, directory) {
  for (const { kind, id, text } of objects(release)) {
    const database = new DatabaseSync(join(directory, "state", kind, `${id}.sqlite`));
    database.exec(text);
    database.close();
  }
}

/** Everything in a database but the runtime's own tables, by table. */
export function content(database) {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'").all();
  return Object.fromEntries(tables.map(({ name }) => [name, database.prepare(`SELECT * FROM ${name}`).all().map(Object.values)]));
}

/** A Durable Object's storage over a database. `before` is called with every statement and may throw. */
export function storage(database, before = () => {}) {
  const run = (query, bindings) => {
    before(query);
    const statement = database.prepare(query);
    const rows = /^SELECT/.test(query) ? statement.all(...bindings) : (statement.run(...bindings), []);
    return { toArray: () => rows, raw: () => ({ toArray: () => rows.map(Object.values) }) };
  };
  return {
    sql: { exec: (query, ...bindings) => run(query, bindings) },
    transactionSync(work) {
      database.exec("BEGIN");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

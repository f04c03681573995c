// The storage of an object: rows by key in SQLite, and in memory what was read or written lately. This file has all the SQL there is.
//
// `schema` holds the version of the tables. Version 1 is `row` alone, and for the Control object, which kept its rows in tables of its
// own then, `head`, `client` and `outbox`. A later version is reached from the one before by a step; each step is one transaction
// with the new version in it, so that after a crash anywhere it is done or not begun. Code that meets a version it doesn't
// know does nothing.

const ROW = "CREATE TABLE row (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID";
const SCHEMA = "CREATE TABLE schema (version INTEGER PRIMARY KEY) WITHOUT ROWID";

/** The steps from version 1 on, by class: the statements of each. */
const STEPS = {
  Control: [
    [
      ROW,
      "INSERT INTO row SELECT 'head', json FROM head WHERE id = 1",
      "INSERT INTO row SELECT 'client/' || id, json FROM client",
      // `seq` counts the changes of a name; it was negative where one of them may take something away. As `control/outbox.rs` has it.
      "INSERT INTO row SELECT iif(seq < 0, 'outbox/0/', 'outbox/1/') || name, abs(seq) FROM outbox",
      "DROP TABLE outbox",
      "DROP TABLE client",
      "DROP TABLE head",
    ],
  ],
};

// Sorts after every character that a key has.
const LAST = "\u{10ffff}";
// How much of an object is kept in memory: rows, and characters of their keys and values.
const MOST_KEPT = 500;
const MOST_CHARACTERS = 262_144;

/** The rows of one object, as `src/edge/objects.rs` calls them. An object that holds nothing has no tables. */
export class Rows {
  constructor(storage, name) {
    this.sql = storage.sql;
    /** Whether a row was deleted since it was last looked whether there is any. */
    this.shrank = false;
    const steps = STEPS[name] ?? [];
    this.version = 1 + steps.length;
    this.exists = this.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema'").toArray().length > 0;
    if (this.exists) this.upgrade(storage, steps);
    this.forget();
    /** What the object has noted for itself: in memory only, a few short texts by key. */
    this.notes = new Map();
  }

  /** Brings the tables up to the version that this code knows. */
  upgrade(storage, steps) {
    const [{ version }] = this.sql.exec("SELECT version FROM schema").toArray();
    if (version > this.version) {
      throw new Error(`the tables have version ${version}, this code knows ${this.version}`);
    }
    for (let next = version + 1; next <= this.version; next++) {
      storage.transactionSync(() => {
        for (const statement of steps[next - 2]) this.sql.exec(statement);
        this.sql.exec("UPDATE schema SET version = ?", next);
      });
    }
  }

  /** Forgets what is kept in memory: values by key, null where there is no such row. */
  forget() {
    this.kept = new Map();
    this.characters = 0;
  }

  /** Keeps what the row `key` is. The object is the only one that writes it, so it stays true. */
  keep(key, value) {
    this.characters += key.length + (value?.length ?? 0);
    const before = this.kept.get(key);
    if (before !== undefined) this.characters -= key.length + (before?.length ?? 0);
    this.kept.set(key, value);
    if (this.kept.size > MOST_KEPT || this.characters > MOST_CHARACTERS) this.forget();
  }

  read(key) {
    if (!this.exists) return undefined;
    let value = this.kept.get(key);
    if (value === undefined) {
      value = this.sql.exec("SELECT value FROM row WHERE key = ?", key).raw().toArray()[0]?.[0] ?? null;
      this.keep(key, value);
    }
    return value ?? undefined;
  }

  recall(key) {
    return this.notes.get(key);
  }

  note(key, value) {
    this.notes.set(key, value);
  }

  /** Keys and values in turn. A key that is the prefix itself starts with it, too. */
  list(prefix, after, limit) {
    if (!this.exists) return [];
    const from = after == null ? ">=" : ">";
    const query = `SELECT key, value FROM row WHERE key ${from} ? AND key < ? ORDER BY key LIMIT ?`;
    return this.sql.exec(query, after ?? prefix, prefix + LAST, limit).raw().toArray().flat();
  }

  /** Whether there are tables and nothing in them. */
  isEmpty() {
    this.shrank = false;
    return this.exists && this.sql.exec("SELECT 1 FROM row LIMIT 1").toArray().length === 0;
  }

  write(key, value) {
    if (!this.exists) {
      for (const table of [SCHEMA, ROW]) this.sql.exec(table);
      this.sql.exec("INSERT INTO schema VALUES (?)", this.version);
      this.exists = true;
    }
    if (value === undefined) {
      this.sql.exec("DELETE FROM row WHERE key = ?", key);
      this.shrank = true;
    } else {
      this.sql.exec("INSERT OR REPLACE INTO row VALUES (?, ?)", key, value);
    }
    this.keep(key, value ?? null);
  }
}

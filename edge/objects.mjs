// The Durable Objects behind `src/protocol/objects`: rows by key in SQLite. What an object does is decided in wasm
// (`object`), synchronously; its writes are made here in one go, without an await in between, which makes them one
// commit. The runtime holds the answer back until that is on disk.
import Shim from "../build/index.js";
import { guard } from "./recovery.mjs";

const { object, object_alarm: objectAlarm } = Shim.prototype;

// Version of the tables below.
const SCHEMA = 1;
const TABLES = [
  "CREATE TABLE schema (version INTEGER PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE row (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
];
// Sorts after every character that a key has.
const LAST = "\u{10ffff}";

/** The rows of one object, as `src/edge/objects.rs` calls them. An object that holds nothing has no tables. */
class Rows {
  constructor(storage) {
    this.sql = storage.sql;
    this.exists = this.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'schema'").toArray().length > 0;
    if (this.exists) {
      const [{ version }] = this.sql.exec("SELECT version FROM schema").toArray();
      if (version !== SCHEMA) throw new Error(`the tables have version ${version}, this code knows ${SCHEMA}`);
    }
  }

  read(key) {
    if (!this.exists) return undefined;
    return this.sql.exec("SELECT value FROM row WHERE key = ?", key).raw().toArray()[0]?.[0];
  }

  /** Keys and values in turn. */
  list(prefix, after, limit) {
    if (!this.exists) return [];
    const query = "SELECT key, value FROM row WHERE key > ? AND key < ? ORDER BY key LIMIT ?";
    return this.sql.exec(query, after ?? prefix, prefix + LAST, limit).raw().toArray().flat();
  }

  write(key, value) {
    if (!this.exists) {
      for (const table of TABLES) this.sql.exec(table);
      this.sql.exec("INSERT INTO schema VALUES (?)", SCHEMA);
      this.exists = true;
    }
    if (value === undefined) {
      this.sql.exec("DELETE FROM row WHERE key = ?", key);
    } else {
      this.sql.exec("INSERT OR REPLACE INTO row VALUES (?, ?)", key, value);
    }
  }
}

function objectClass(name) {
  return class {
    constructor(state, env) {
      this.state = state;
      this.env = env;
      // When the alarm rings, as far as this instance knows.
      this.alarmAt = undefined;
    }

    /** Takes a command as text and answers a reply as text; a failure is a 500 with its reason. */
    async fetch(request) {
      const command = await request.text();
      let answer;
      try {
        this.rows ??= new Rows(this.state.storage);
        answer = guard(() => object(name, this.rows, command));
      } catch (error) {
        this.rows = undefined;
        return new Response(String(error?.message ?? error), { status: 500 });
      }
      // The first line says when the alarm has to ring, in milliseconds since 1970; it may be empty.
      const end = answer.indexOf("\n");
      if (end > 0) await this.wake(Number(answer.slice(0, end)));
      return new Response(answer.slice(end + 1));
    }

    async wake(at) {
      this.alarmAt ??= await this.state.storage.getAlarm();
      if (this.alarmAt !== null && this.alarmAt <= at) return;
      this.alarmAt = at;
      await this.state.storage.setAlarm(at);
    }

    async alarm() {
      this.alarmAt = undefined;
      await guard(() => objectAlarm(this.env, name, this.state.id.name));
    }
  };
}

export const Subject = objectClass("Subject");
export const Directory = objectClass("Directory");
export const Ephemeral = objectClass("Ephemeral");

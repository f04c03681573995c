// The Durable Objects behind `src/protocol/objects`: rows by key in SQLite. What an object does is decided in wasm
// (`object`), synchronously; its writes are made here in one go, without an await in between, which makes them one
// commit. The runtime holds the answer back until that is on disk. What takes long is computed before, between two looks at
// the rows, while the object goes on serving others.
import Shim from "../build/index.js";
import { compute } from "./hashing.mjs";
import { guard } from "./recovery.mjs";

const { object, object_alarm: objectAlarm } = Shim.prototype;

// Version of the tables below.
const SCHEMA = 1;
const TABLES = [
  "CREATE TABLE schema (version INTEGER PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE row (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
];
// How long after a failed alarm the next one comes, in milliseconds.
const RETRY_ALARM = 60_000;
// How often one order may follow another: `MOST_ORDERS` in `src/protocol/objects`.
const MOST_ORDERS = 4;
// Sorts after every character that a key has.
const LAST = "\u{10ffff}";

/** The rows of one object, as `src/edge/objects.rs` calls them. An object that holds nothing has no tables. */
class Rows {
  constructor(storage) {
    this.sql = storage.sql;
    /** Whether a row was deleted since it was last looked whether there is any. */
    this.shrank = false;
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

  /** Whether there are tables and nothing in them. */
  isEmpty() {
    this.shrank = false;
    return this.exists && this.sql.exec("SELECT 1 FROM row LIMIT 1").toArray().length === 0;
  }

  write(key, value) {
    if (!this.exists) {
      for (const table of TABLES) this.sql.exec(table);
      this.sql.exec("INSERT INTO schema VALUES (?)", SCHEMA);
      this.exists = true;
    }
    if (value === undefined) {
      this.sql.exec("DELETE FROM row WHERE key = ?", key);
      this.shrank = true;
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
      // When the alarm rings; null for never. Known before the first command, so that a command's rows and its alarm are
      // written without an await in between, which makes them one commit.
      this.alarmAt = null;
      state.blockConcurrencyWhile(async () => {
        this.alarmAt = await state.storage.getAlarm();
      });
    }

    /** Takes a command as text and answers a reply as text; a failure is a 500 with its reason, and nothing is written. */
    async fetch(request) {
      const command = await request.text();
      try {
        let { reply, order } = this.carryOut(command);
        for (let orders = 0; order !== undefined; orders++) {
          if (orders === MOST_ORDERS) throw new Error("an object orders without end");
          const computed = await compute(this, order);
          ({ reply, order } = this.carryOut(command, computed));
        }
        if (this.rows.shrank) await this.vanish();
        return new Response(reply);
      } catch (error) {
        return new Response(String(error?.message ?? error), { status: 500 });
      }
    }

    /** The reply, or an order: what has to be computed before the command can be carried out. */
    carryOut(command, computed) {
      const { storage } = this.state;
      let answer;
      try {
        this.rows ??= new Rows(storage);
        answer = guard(() => storage.transactionSync(() => object(name, this.rows, command, computed)));
      } catch (error) {
        this.rows = undefined; // what it knows of the tables may have been rolled back
        throw error;
      }
      // The first line says when the alarm has to ring, in milliseconds since 1970; it may be empty. Or that this is an order.
      const end = answer.indexOf("\n");
      const [head, rest] = [answer.slice(0, end), answer.slice(end + 1)];
      if (head === "order") return { order: rest };
      if (head !== "") this.wake(Number(head));
      return { reply: rest };
    }

    /**
     * An object that holds nothing and waits for nothing deletes its tables, too: the platform forgets objects without data.
     * Nothing may come in between, or an alarm that is set meanwhile would go with them.
     */
    async vanish() {
      if (this.alarmAt !== null || !this.rows?.isEmpty()) return;
      this.rows = undefined;
      await this.state.blockConcurrencyWhile(() => this.state.storage.deleteAll());
    }

    wake(at) {
      if (this.alarmAt !== null && this.alarmAt <= at) return;
      this.alarmAt = at;
      this.state.storage.setAlarm(at);
    }

    async alarm() {
      this.alarmAt = null;
      try {
        await guard(() => objectAlarm(this.env, name, (command) => this.carryOut(command).reply));
        await this.vanish();
      } catch (error) {
        // The platform gives up after six failures; this doesn't.
        console.error(JSON.stringify({ event: "alarm_failed", object: name, error: String(error?.message ?? error) }));
        this.wake(Date.now() + RETRY_ALARM);
      }
    }
  };
}

export const Subject = objectClass("Subject");
export const Directory = objectClass("Directory");
export const Ephemeral = objectClass("Ephemeral");
export const Replay = objectClass("Replay");

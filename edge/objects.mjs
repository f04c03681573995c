// The Durable Objects behind `src/protocol/objects`: rows by key in SQLite. What an object does is decided in wasm
// (`object`), synchronously; its writes are made here in one go, without an await in between, which makes them one
// commit. The runtime holds the answer back until that is on disk. What takes long is computed before, between two looks at
// the rows, while the object goes on serving others.
import { object, object_alarm as objectAlarm, make_keys as makeKeys } from "../build/index.js";
import { compute } from "./hashing.mjs";
import { guard } from "./recovery.mjs";
import { Rows } from "./rows.mjs";

// What objects order, by kind.
const COMPUTE = {
  password: compute,
  keys: (_, order) => guard(() => makeKeys(order)),
};

// How long after a failed alarm the next one comes, in milliseconds.
const RETRY_ALARM = 60_000;
// How often one order may follow another: `MOST_ORDERS` in `src/protocol/objects`.
const MOST_ORDERS = 4;

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

    /**
     * Takes a command as text and answers a reply as text. A failure has its reason as text and writes nothing; its status is that
     * of `thrown` in `src/edge/objects.rs`.
     */
    async fetch(request) {
      const command = await request.text();
      try {
        const reply = await this.settle(command);
        if (this.rows?.shrank) await this.vanish();
        return new Response(reply);
      } catch (error) {
        return new Response(String(error?.message ?? error), { status: error?.status ?? 500 });
      }
    }

    /** The reply to `command`, once all is computed that it needs. */
    async settle(command) {
      let { reply, order } = this.carryOut(command);
      for (let orders = 0; order !== undefined; orders++) {
        if (orders === MOST_ORDERS) throw new Error("an object orders without end");
        const computed = await COMPUTE[order.kind](this, order.text);
        ({ reply, order } = this.carryOut(command, computed));
      }
      return reply;
    }

    /** The reply, or an order: what has to be computed before the command can be carried out. */
    carryOut(command, computed) {
      const { storage } = this.state;
      let answer;
      try {
        this.rows ??= new Rows(storage, name);
        const { env, rows } = this;
        answer = guard(() => storage.transactionSync(() => object(env, name, rows, command, computed)));
      } catch (error) {
        this.rows = undefined; // what it knows of tables and rows may have been rolled back
        throw error;
      }
      // The first line says when the alarm has to ring, in milliseconds since 1970; it may be empty. Or of which kind this order is.
      const end = answer.indexOf("\n");
      const [head, rest] = [answer.slice(0, end), answer.slice(end + 1)];
      if (head in COMPUTE) return { order: { kind: head, text: rest } };
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
        await guard(() => objectAlarm(this.env, name, (command) => this.settle(command)));
        await this.vanish();
      } catch (error) {
        // The platform gives up after six failures; this doesn't.
        console.error(JSON.stringify({ event: "alarm_failed", object: name, error: String(error?.message ?? error) }));
        this.wake(Date.now() + RETRY_ALARM);
      }
    }
  };
}

export const Control = objectClass("Control");
export const Subject = objectClass("Subject");
export const Directory = objectClass("Directory");
export const Ephemeral = objectClass("Ephemeral");
export const Replay = objectClass("Replay");

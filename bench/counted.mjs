// Mintedge as it is uploaded, with what it asks of others counted: every answer says in its headers how many calls to Durable
// Objects and reads of KV there have been since this isolate began.
import mintedge from "./entry.js";

export * from "./entry.js";

let objectCalls = 0;
let kvReads = 0;

export default {
  async fetch(request, env, context) {
    const answer = await mintedge.fetch(request, counting(env), context);
    const headers = new Headers(answer.headers);
    headers.set("object-calls", String(objectCalls));
    headers.set("kv-reads", String(kvReads));
    return new Response(answer.body, { status: answer.status, headers });
  },
};

/** The bindings, with those of objects and of KV wrapped. */
function counting(env) {
  const bindings = Object.entries(env).map(([name, binding]) => [name, wrapped(name, binding)]);
  return Object.fromEntries(bindings);
}

function wrapped(name, binding) {
  if (name === "KV") return calling(binding, () => { kvReads++; });
  if (typeof binding === "string") return binding;
  // A namespace gives a stub, and whatever is called on that is a call.
  const stub = (target) => calling(target, () => { objectCalls++; });
  return new Proxy(binding, {
    get: (_, method) => (...given) => {
      const result = binding[method](...given);
      return method.startsWith("get") ? stub(result) : result;
    },
  });
}

/** `target`, whose methods report that they were called. */
function calling(target, report) {
  return new Proxy(target, {
    get: (_, method) => (...given) => {
      report();
      return target[method](...given);
    },
  });
}

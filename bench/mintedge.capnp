# Mintedge as wrangler uploads it, with the bindings of wrangler.toml. `counted` is the same with its calls counted. The
# addresses and the directory are given on the command line.
using Workerd = import "/workerd/workerd.capnp";

const mintedge :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "kv", external = (http = ())),
    (name = "objects", disk = (writable = true)),
  ],
  sockets = [(name = "main", http = (), service = "main")],
);

const counted :Workerd.Config = (
  services = [
    (name = "main", worker = .countedWorker),
    (name = "kv", external = (http = ())),
    (name = "objects", disk = (writable = true)),
  ],
  sockets = [(name = "main", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [.entry, .wasm],
  compatibilityDate = .date,
  compatibilityFlags = .flags,
  bindings = .bindings,
  durableObjectNamespaces = .objects,
  durableObjectStorage = (localDisk = "objects"),
);

const countedWorker :Workerd.Worker = (
  modules = [(name = "counted.mjs", esModule = embed "counted.mjs"), .entry, .wasm],
  compatibilityDate = .date,
  compatibilityFlags = .flags,
  bindings = .bindings,
  durableObjectNamespaces = .objects,
  durableObjectStorage = (localDisk = "objects"),
);

const date :Text = "2026-10-20";
const flags :List(Text) = ["global_fetch_strictly_public"];

const entry :Workerd.Worker.Module = (
  name = "entry.js", esModule = embed "../target/bench/upload/entry.js",
);
const wasm :Workerd.Worker.Module = (
  name = "index_bg.wasm", wasm = embed "../target/bench/upload/index_bg.wasm",
);

const bindings :List(Workerd.Worker.Binding) = [
  (name = "ISSUER", fromEnvironment = "ISSUER"),
  (name = "ADMIN_SECRET", fromEnvironment = "ADMIN_SECRET"),
  (name = "KEK", fromEnvironment = "KEK"),
  (name = "KV", kvNamespace = "kv"),
  (name = "CONTROL", durableObjectNamespace = "Control"),
  (name = "SUBJECT", durableObjectNamespace = "Subject"),
  (name = "DIRECTORY", durableObjectNamespace = "Directory"),
  (name = "EPHEMERAL", durableObjectNamespace = "Ephemeral"),
  (name = "REPLAY", durableObjectNamespace = "Replay"),
];

const objects :List(Workerd.Worker.DurableObjectNamespace) = [
  (className = "Control", uniqueKey = "mintedge-bench-control", enableSql = true),
  (className = "Subject", uniqueKey = "mintedge-bench-subject", enableSql = true),
  (className = "Directory", uniqueKey = "mintedge-bench-directory", enableSql = true),
  (className = "Ephemeral", uniqueKey = "mintedge-bench-ephemeral", enableSql = true),
  (className = "Replay", uniqueKey = "mintedge-bench-replay", enableSql = true),
];

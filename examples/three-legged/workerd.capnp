# Mintedge and the four Workers of the example in one workerd. `cargo xtask example three-legged` bundles them into
# target/examples/three-legged, and gives the addresses, the directory and the variables.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "mintedge", worker = .mintedge),
    (name = "kv", worker = .kv),
    (name = "objects", disk = (writable = true)),
    (name = "app", worker = .app),
    (name = "api-one", worker = .apiOne),
    (name = "api-two", worker = .apiTwo),
    (name = "api-three", worker = .apiThree),
    # What the APIs reach: each other and Mintedge, and nothing beyond this machine.
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [
    (name = "mintedge", http = (), service = "mintedge"),
    (name = "app", http = (), service = "app"),
    (name = "api-one", http = (), service = "api-one"),
    (name = "api-two", http = (), service = "api-two"),
    (name = "api-three", http = (), service = "api-three"),
  ],
);

const date :Text = "2026-10-20";

# With the bindings of wrangler.toml.
const mintedge :Workerd.Worker = (
  modules = [
    (name = "mintedge.js", esModule = embed "../../target/examples/three-legged/mintedge.js"),
    (name = "index_bg.wasm", wasm = embed "../../target/examples/three-legged/index_bg.wasm"),
  ],
  compatibilityDate = .date,
  compatibilityFlags = ["global_fetch_strictly_public"],
  bindings = [
    (name = "ISSUER", fromEnvironment = "ISSUER"),
    (name = "ADMIN_SECRET", fromEnvironment = "ADMIN_SECRET"),
    (name = "KV", kvNamespace = "kv"),
    (name = "CONTROL", durableObjectNamespace = "Control"),
    (name = "SUBJECT", durableObjectNamespace = "Subject"),
    (name = "DIRECTORY", durableObjectNamespace = "Directory"),
    (name = "EPHEMERAL", durableObjectNamespace = "Ephemeral"),
    (name = "REPLAY", durableObjectNamespace = "Replay"),
  ],
  durableObjectNamespaces = [
    (className = "Control", uniqueKey = "three-legged-control", enableSql = true),
    (className = "Subject", uniqueKey = "three-legged-subject", enableSql = true),
    (className = "Directory", uniqueKey = "three-legged-directory", enableSql = true),
    (className = "Ephemeral", uniqueKey = "three-legged-ephemeral", enableSql = true),
    (className = "Replay", uniqueKey = "three-legged-replay", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
);

# Workers KV, in memory.
const kv :Workerd.Worker = (
  modules = [(name = "kv.mjs", esModule = embed "../../bench/kv.mjs")],
  compatibilityDate = .date,
);

const app :Workerd.Worker = (
  modules = [(name = "app.js", esModule = embed "../../target/examples/three-legged/app.js")],
  compatibilityDate = .date,
  bindings = [
    (name = "ISSUER", fromEnvironment = "ISSUER"),
    (name = "API_ONE", fromEnvironment = "API_ONE"),
  ],
);

const apiOne :Workerd.Worker = (
  modules = [(name = "api_one.js", esModule = embed "../../target/examples/three-legged/api_one.js")],
  compatibilityDate = .date,
  bindings = [
    (name = "ISSUER", fromEnvironment = "ISSUER"),
    (name = "APP", fromEnvironment = "APP"),
    (name = "API_TWO", fromEnvironment = "API_TWO"),
    (name = "CLIENT_SECRET", fromEnvironment = "API_ONE_SECRET"),
  ],
);

const apiTwo :Workerd.Worker = (
  modules = [(name = "api_two.js", esModule = embed "../../target/examples/three-legged/api_two.js")],
  compatibilityDate = .date,
  bindings = [
    (name = "ISSUER", fromEnvironment = "ISSUER"),
    (name = "API_THREE", fromEnvironment = "API_THREE"),
    (name = "CLIENT_SECRET", fromEnvironment = "API_TWO_SECRET"),
  ],
);

const apiThree :Workerd.Worker = (
  modules = [(name = "api_three.js", esModule = embed "../../target/examples/three-legged/api_three.js")],
  compatibilityDate = .date,
  bindings = [(name = "ISSUER", fromEnvironment = "ISSUER")],
);

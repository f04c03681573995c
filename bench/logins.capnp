# What Mintedge's logins are measured against: `workerd serve logins.capnp floor`.
using Workerd = import "/workerd/workerd.capnp";

# As in wrangler.toml.
const date :Text = "2026-10-20";

const floor :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "floor.mjs", esModule = embed "floor.mjs")],
      bindings = [
        (name = "STORE", durableObjectNamespace = "Store"),
        (name = "LENGTH", fromEnvironment = "LENGTH"),
      ],
      durableObjectNamespaces = [(className = "Store", uniqueKey = "mintedge-bench-floor", enableSql = true)],
      durableObjectStorage = (localDisk = "objects"),
      compatibilityDate = .date,
    )),
    (name = "objects", disk = (writable = true)),
  ],
  sockets = [.socket],
);

# Its KV is in its own process, which costs it less than a connection to another one would.
const workersOauthProvider :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [
        (name = "worker.mjs", esModule = embed "workers_oauth_provider.mjs"),
        (name = "oauth-provider.js", esModule = embed "node_modules/@cloudflare/workers-oauth-provider/dist/oauth-provider.js"),
      ],
      bindings = [(name = "OAUTH_KV", kvNamespace = "kv")],
      compatibilityDate = .date,
      compatibilityFlags = ["global_fetch_strictly_public"],
    )),
    (name = "kv", worker = (
      modules = [(name = "kv.mjs", esModule = embed "kv.mjs")],
      compatibilityDate = .date,
    )),
  ],
  sockets = [.socket],
);

# The address is given on the command line.
const socket :Workerd.Socket = (name = "main", http = (), service = "main");

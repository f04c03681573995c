# The small Workers of the benchmark, each a constant to serve: `workerd serve workers.capnp empty`.
using Workerd = import "/workerd/workerd.capnp";

# As in wrangler.toml.
const date :Text = "2026-10-20";

const empty :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "empty.mjs", esModule = embed "empty.mjs")],
    compatibilityDate = .date,
  ))],
  sockets = [.socket],
);

const signer :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "signer.mjs", esModule = embed "signer.mjs")],
    bindings = [(name = "ISSUER", fromEnvironment = "ISSUER")],
    compatibilityDate = .date,
  ))],
  sockets = [.socket],
);

const loggingSigner :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "signer.mjs", esModule = embed "signer.mjs")],
    bindings = [(name = "ISSUER", fromEnvironment = "ISSUER"), (name = "LOG", text = "on")],
    compatibilityDate = .date,
  ))],
  sockets = [.socket],
);

const kv :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "kv.mjs", esModule = embed "kv.mjs")],
    compatibilityDate = .date,
  ))],
  sockets = [.socket],
);

# The address is given on the command line.
const socket :Workerd.Socket = (name = "main", http = (), service = "main");

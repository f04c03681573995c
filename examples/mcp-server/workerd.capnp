# The MCP server in workerd; Mintedge runs beside it. `cargo xtask example mcp-server` bundles it into target/examples/mcp-server, and gives
# the addresses.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "mcp", worker = .mcp),
    # What it reaches: Mintedge's keys, on this machine.
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "mcp", http = (), service = "mcp")],
);

const mcp :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "../../target/examples/mcp-server/worker.js")],
  compatibilityDate = "2026-10-20",
  bindings = [
    (name = "ISSUER", fromEnvironment = "ISSUER"),
    (name = "RESOURCE", fromEnvironment = "RESOURCE"),
  ],
);

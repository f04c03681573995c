// What the runtime itself costs.
export default {
  fetch() {
    return new Response("{}", { headers: { "content-type": "application/json", "cache-control": "no-store" } });
  },
};

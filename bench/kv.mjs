// What Mintedge uses of Workers KV, in memory, in the HTTP that a KV binding speaks. It runs in a process of its own:
// KV is a service elsewhere, so starting it is no part of a cold start.
const values = new Map();

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === "/bulk/get") {
      const { keys } = await request.json();
      return Response.json(Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])));
    }
    const key = decodeURIComponent(pathname.slice(1));
    switch (request.method) {
      case "GET":
        return values.has(key) ? new Response(values.get(key)) : new Response(null, { status: 404 });
      case "PUT":
        values.set(key, await request.text());
        return new Response();
      case "DELETE":
        values.delete(key);
        return new Response();
      default:
        return new Response(null, { status: 405 });
    }
  },
};

// API Three: it stands behind API Two and takes no access tokens at all, only transaction tokens of its trust domain. It answers
// with the claims it saw: whom the call is for, what it is about, and by whom it came.
import { inTransaction } from "../resource_server.mjs";

const EXPECTED = { trustDomain: "internal.example", scope: "two:read" };

export default {
  fetch: (request, env) => inTransaction(request, env, EXPECTED, ({ claims }) => Response.json({ seen: claims })),
};

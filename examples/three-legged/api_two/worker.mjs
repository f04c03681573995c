// API Two: it knows neither the application nor how API One came to its token. It answers with the claims it saw.
import { authorized } from "../resource_server.mjs";

const EXPECTED = { audience: "https://api-two.example", scope: "two:read" };

export default {
  fetch: (request, env) => authorized(request, env, EXPECTED, ({ claims }) => Response.json({ seen: claims })),
};

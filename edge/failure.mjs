// The answer when there is none from wasm: JSON, or a page where a browser asked for one. Nothing of the error is in it.
const DESCRIPTION = "The server could not answer. The request id finds the cause in its log.";
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
};

/** Logs `error` and answers `request`. */
export function serverError(request, error) {
  const request_id = plainId(request.headers.get("cf-ray")) ?? crypto.randomUUID();
  console.error(JSON.stringify({ event: "server_error", request_id, error: String(error) }));
  const init = { status: 500, headers: { "cache-control": "no-store" } };
  const wantsPage = request.method === "GET" && request.headers.get("accept")?.includes("text/html");
  if (!wantsPage) {
    return Response.json({ error: "server_error", error_description: DESCRIPTION, request_id }, init);
  }
  return new Response(page(request_id), { ...init, headers: { ...init.headers, ...PAGE_HEADERS } });
}

const plainId = (id) => (/^[\w-]{8,64}$/.test(id ?? "") ? id : undefined);

const page = (request_id) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Something went wrong on our side</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"></head>
<body><main><h1>Something went wrong on our side</h1><p>Try again in a moment.</p>
<details><summary>Technical details</summary><p>${DESCRIPTION} It is ${request_id}.</p></details></main></body></html>
`;

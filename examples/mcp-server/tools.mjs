// The tools, and the scope that each takes. Notes are kept in this isolate's memory: it is authorization that this example is about.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

/** What clients may ask for; the first is what they ask for to begin with. */
export const SCOPES = ["notes:read", "notes:write"];
const NEEDED = { list_notes: "notes:read", add_note: "notes:write" };
const MOST_NOTES = 100;
const notes = new Map();

/** The scope that a tool takes; `who_am_i` takes none but a good token. */
export function scopeFor(tool) {
  return Object.hasOwn(NEEDED, tool ?? "") ? NEEDED[tool] : undefined;
}

const said = (value) => ({ content: [{ type: "text", text: typeof value === "string" ? value : JSON.stringify(value) }] });

/** A server for one message of whom the token is for: people see their own notes, whatever the message says. */
export function server({ sub, client_id: client, scope }) {
  const made = new McpServer({ name: "notes", version: "1.0.0" });
  const own = notes.get(sub) ?? [];
  made.registerTool("who_am_i", { description: "Who the token is for" }, () => said({ sub, client_id: client, scope }));
  made.registerTool("list_notes", { description: "Your notes" }, () => said(own));
  const input = { text: z.string().min(1).max(1000) };
  made.registerTool("add_note", { description: "Adds a note", inputSchema: input }, ({ text }) => {
    notes.set(sub, [...own, text].slice(-MOST_NOTES));
    return said("Added.");
  });
  return made;
}

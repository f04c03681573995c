// Adds grants to the objects of people who have one: copies of it under other ids, nobody's refresh tokens. Arguments: the
// directory of the objects, and how many grants each is to have. No server may be running on them.
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const [directory, wanted] = process.argv.slice(2);

for (const file of readdirSync(directory).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite")) {
  const database = new DatabaseSync(`${directory}/${file}`);
  const grants = database.prepare("SELECT value FROM row WHERE key > 'grant/' AND key < 'grant0'").all();
  const insert = database.prepare("INSERT INTO row VALUES (?, ?)");
  database.exec("BEGIN");
  for (let number = grants.length; number < Number(wanted); number++) {
    insert.run(`grant/${randomBytes(16).toString("base64url")}`, grants[0].value);
  }
  database.exec("COMMIT");
  database.close();
}

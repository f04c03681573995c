// Where tests write code that they take from the documents.
import { mkdir, rm, writeFile } from "node:fs/promises";

/** The directory `path`, empty. */
export async function emptied(path) {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true });
  return path;
}

export const write = (path, content) => writeFile(path, content);

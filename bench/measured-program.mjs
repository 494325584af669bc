import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What a program of this folder prints as JSON, run in a process of its own that can collect its garbage. */
export async function runMeasured(name, args) {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const flags = ["--expose-gc", "--max-old-space-size=8192"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, ...args]);
  return JSON.parse(stdout);
}

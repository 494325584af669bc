import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Environment } from "../configuration.ts";
import { hasCode } from "../data-directory.ts";

// Where a system looks that has no PATH.
const defaultPath = "/usr/bin:/bin";

/** Throws what starting it would: ENOENT where there is none, EACCES for what cannot be executed. */
export function requireExecutable(command: string, environment: Environment): void {
  let failure: unknown = Object.assign(new Error("no such program"), { code: "ENOENT" });
  for (const path of candidates(command, environment)) {
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return;
      failure = Object.assign(new Error("not a program"), { code: "EACCES" });
    } catch (error) {
      // What is there and may not be executed is said, if nothing better comes.
      if (!hasCode(error, "ENOENT") && !hasCode(error, "ENOTDIR")) failure = error;
    }
  }
  throw failure;
}

function candidates(command: string, { PATH = defaultPath }: Environment): string[] {
  if (command.includes("/")) return [command];
  return command === "" ? [] : PATH.split(delimiter).map((folder) => join(folder, command));
}

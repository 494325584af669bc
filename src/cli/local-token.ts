import { userInfo } from "node:os";
/** Short: a command that runs longer makes itself a new one. */
export const commandTokenSeconds = 600;

/** Of a person who signs in to the console: as long as a server gives one. */
export const sessionTokenSeconds = 12 * 3600;

/** A program cannot be given a new one while it runs. Useless once its process is closed, but for reading. */
export const programTokenSeconds = 30 * 24 * 3600;

/** The person at this terminal, as the server on the same machine knows him. */
export function localIdentity(): string {
  try {
    return `user:${userInfo().username}`;
  } catch {
    // A container may run under a number that has no name.
    return `user:${process.getuid?.() ?? "unknown"}`;
  }
}

/** The program that `run` runs: apart from the person who started it. */
export function programIdentity(processId: string): string {
  return `run:${processId}`;
}

import { describeHolder, type LockHolder } from "./lock-holder.ts";
import type { LockMethod } from "./lock-outcome.ts";

/** The directory cannot be locked, so it must not be opened. */
export class DirectoryLockError extends Error {
  readonly directory: string;

  constructor(directory: string, reason: string, options?: { cause?: unknown }) {
    super(`cannot lock the directory ${directory}: ${reason}`, options);
    this.name = "DirectoryLockError";
    this.directory = directory;
  }
}

/** Another server, which is alive, has the directory. */
export class DirectoryLockedError extends DirectoryLockError {
  readonly foundBy: LockMethod;
  /** By its own note; undefined where it has left none yet. */
  readonly holder: LockHolder | undefined;

  constructor(
    directory: string,
    details: { foundBy: LockMethod; holder: LockHolder | undefined; here: LockHolder },
  ) {
    const { foundBy, holder, here } = details;
    const name = holder === undefined ? "it has left no name" : describeHolder(holder, here);
    super(directory, `another server has it: ${name} (found by ${foundBy})`);
    this.name = "DirectoryLockedError";
    this.foundBy = foundBy;
    this.holder = holder;
  }
}

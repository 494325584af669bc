/** By what a lock is kept, and found. */
export type LockMethod = "flock" | "socket" | "exclusive open" | "named pipe";

/** What became of locking: how to let go, or what showed that somebody else holds it. */
export type LockOutcome =
  { readonly release: () => Promise<void> } | { readonly refusedBy: LockMethod };

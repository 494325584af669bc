import { isChannelError } from "../errors.ts";
import type { Caller } from "./caller.ts";
import type { AuditEvent } from "./views.ts";

/** What somebody tried, and where. */
export interface Attempt {
  readonly action: string;
  readonly processId?: string | undefined;
  readonly channel?: string | undefined;
  /** That the caller claims to act under. */
  readonly term?: number | undefined;
}

/** Tells of every refusal for want of authority. */
export class Audit {
  readonly #onAudit: (event: AuditEvent) => void;

  constructor(onAudit: ((event: AuditEvent) => void) | undefined) {
    this.#onAudit = onAudit ?? (() => undefined);
  }

  /** Runs a check and tells of its refusal. */
  check<Result>(caller: Caller, attempt: Attempt, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw this.noted(caller, attempt, error);
    }
  }

  /**
   * As `check`; where a process may be out of date it looks into the refusal first, and the check runs again.
   * Only what is refused then is told of.
   */
  async checkFresh<Result>(
    caller: Caller,
    attempt: Attempt,
    process: { isStale(caller: Caller, error: unknown, about: string): Promise<boolean> },
    work: () => Result,
  ): Promise<Result> {
    try {
      return work();
    } catch (error) {
      const isStale = await process.isStale(caller, error, String(attempt.term));
      if (!isStale) throw this.noted(caller, attempt, error);
    }
    return this.check(caller, attempt, work);
  }

  /** Tells of the error if it is such a refusal, and returns it. */
  noted(caller: Caller, { action, processId, channel }: Attempt, error: unknown): unknown {
    const isRefusal =
      isChannelError(error, "unauthorized") ||
      isChannelError(error, "forbidden") ||
      isChannelError(error, "executor_fenced");
    if (!isRefusal) return error;
    this.#onAudit({
      identity: caller.identity,
      action,
      code: error.code,
      reason: error.message,
      ...(processId === undefined ? {} : { processId }),
      ...(channel === undefined ? {} : { channel }),
    });
    return error;
  }
}

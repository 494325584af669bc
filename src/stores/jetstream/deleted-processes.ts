import type { JetStreamContext } from "./jetstream-context.ts";

const minuteMs = 60_000;
/** A node that was cut off for as long knows nothing any more that it could write. */
const graceMs = 60 * minuteMs;
const sweepMs = minuteMs;

interface Deletion {
  /** Of the message that stands for the record. */
  readonly sequence: number;
  readonly timestamp: number;
  /** The process was created again in the place of that message: only logs are left of what was deleted. */
  readonly isReplaced?: boolean;
}

/**
 * What is left of deleted processes: tombstones, which keep a late opening from beginning a log anew, and the
 * message in the record's place. Every node removes them when they are old; all steps may be repeated.
 */
export class DeletedProcesses {
  readonly #context: JetStreamContext;
  readonly #onRemoved: (processId: string) => void;
  /** The oldest first, but for those that were met late. */
  readonly #deletions = new Map<string, Deletion>();
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  /** `onRemoved`: nothing is left of it. */
  constructor(context: JetStreamContext, onRemoved: (processId: string) => void) {
    this.#context = context;
    this.#onRemoved = onRemoved;
    this.#schedule();
  }

  add(processId: string, deletion: Deletion): void {
    this.#deletions.delete(processId);
    this.#deletions.set(processId, deletion);
  }

  /** It was created again: whoever has not heard of that yet must not find room for a log of the life before. */
  replace(processId: string): void {
    const deletion = this.#deletions.get(processId);
    if (deletion !== undefined) this.#deletions.set(processId, { ...deletion, isReplaced: true });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = this.#context.system.clock.after(sweepMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    const { jetStream, subjects, system, reportError } = this.#context;
    const until = system.clock.now() - graceMs;
    for (const [processId, { sequence, timestamp }] of this.#deletions) {
      if (this.#isClosed) return;
      if (timestamp > until) continue;
      try {
        const stream = subjects.streamOf(processId);
        await jetStream.purgeBelow(stream, subjects.channelsOfProcess(processId), sequence);
        await jetStream.purgeBelow(stream, subjects.recordOf(processId), sequence + 1);
        const deletion = this.#deletions.get(processId);
        // It may have been created and deleted again meanwhile.
        if (deletion?.sequence !== sequence) continue;
        this.#deletions.delete(processId);
        if (deletion.isReplaced !== true) this.#onRemoved(processId);
      } catch (error) {
        reportError(error, "sweep");
        break;
      }
    }
    this.#schedule();
  }
}

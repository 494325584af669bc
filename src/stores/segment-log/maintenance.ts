import { createDeferred } from "../../core/deferred.ts";
import type { System } from "../../core/system.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { compactRun, PlaceInDoubtError } from "./compaction.ts";
import { chooseRun, countLive } from "./compaction-plan.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { checkpointName } from "./segment-names.ts";
import type { SegmentLog } from "./segment-log.ts";
import type { StoreDamage } from "./store-damage.ts";

const checkpointsKept = 2;
/** How long after space was freed it is looked for something to give back. */
const freedMs = 2_000;

export interface MaintenanceOptions {
  readonly directory: DurableDirectory;
  readonly system: System;
  readonly storeId: string;
  readonly segmentBytes: number;
  readonly log: SegmentLog;
  readonly onDamage: (damage: StoreDamage) => void;
  readonly onError: (error: unknown, context: { readonly stage: string }) => void;
}

/** Checkpoints and compaction, one after the other in the background. Where one fails nothing has changed. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  #work: Promise<unknown> = Promise.resolve();
  #timer: { cancel(): void } | undefined;
  #isStopped = false;
  /** What a full segment asks for waits for its turn, once for all of them. */
  #isUpkeepWaiting = false;
  /** What a compaction made may have its name or not: the next start finds out. */
  #isPlaceInDoubt = false;
  readonly #stopped = createDeferred();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  checkpoint(): Promise<void> {
    return this.#enqueue(() => this.#checkpoint());
  }

  /** Rejects where it fails; what was compacted before stays so. */
  compact(): Promise<void> {
    return this.#enqueue(() => this.#compact());
  }

  /** Runs while no file of the log is replaced or removed. */
  undisturbed<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#enqueue(work);
  }

  /** A segment is full: from now on a start would have to read it. */
  sealed(): void {
    if (this.#isUpkeepWaiting) return;
    this.#isUpkeepWaiting = true;
    this.#runInBackground(() => {
      this.#isUpkeepWaiting = false;
      return this.#checkpoint();
    }, "checkpoint");
    this.#runInBackground(() => this.#compact(), "compaction");
  }

  /** Something was deleted or trimmed. */
  freed(): void {
    if (this.#isStopped) return;
    this.#timer ??= this.#options.system.clock.after(freedMs, () => {
      this.#timer = undefined;
      this.#runInBackground(() => this.#compact(), "compaction");
    });
  }

  /** Lets what is under way come to its next step, and stops; then leaves a checkpoint. */
  async close(): Promise<void> {
    this.#isStopped = true;
    this.#stopped.resolve();
    this.#timer?.cancel();
    await this.#work;
    if (this.#options.log.failure === undefined) await this.#checkpoint();
  }

  #enqueue<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#work.then(work);
    this.#work = result.catch(() => undefined);
    return result;
  }

  #runInBackground(work: () => Promise<void>, stage: string): void {
    this.#enqueue(async () => {
      if (!this.#isStopped) await work();
    }).catch((error: unknown) => {
      this.#report(stage)(error);
      // On a full disk it may succeed a little later.
      this.freed();
    });
  }

  #report(stage: string): (error: unknown) => void {
    return (error) => {
      if (!this.#isStopped) this.#options.onError(error, { stage });
    };
  }

  async #checkpoint(): Promise<void> {
    const { directory, storeId, log } = this.#options;
    const frame = log.settledThrough;
    if (frame === (log.checkpoints.at(-1) ?? 0)) return;
    await writeCheckpoint(directory, storeId, frame, log.state, async () => {
      await log.flush();
      return log.settledThrough;
    });
    await this.#keepCheckpoints([...log.checkpoints, frame].slice(-checkpointsKept));
  }

  async #keepCheckpoints(kept: readonly number[]): Promise<void> {
    const { directory, log } = this.#options;
    const dropped = log.checkpoints.filter((frame) => !kept.includes(frame));
    log.checkpoints = kept;
    await directory.remove(...dropped.map(checkpointName));
  }

  /** Of what is there now: writers that never pause would keep it at work for ever. */
  async #compact(): Promise<void> {
    const { log, segmentBytes } = this.#options;
    const through = log.lastFrame;
    while (!this.#isStopped && !this.#isPlaceInDoubt && log.failure === undefined) {
      await log.sealed();
      const run = await chooseRun(log, segmentBytes, through);
      if (run === undefined) return;
      const { lastFrame } = run.at(-1) as (typeof run)[number];
      // A start from an older checkpoint would replay what compaction has changed: it is dropped, and without a
      // newer one, on a full disk say, the next start reads everything.
      if ((log.checkpoints.at(-1) ?? 0) < lastFrame)
        await this.#checkpoint().catch(this.#report("checkpoint"));
      await this.#replace(run);
    }
  }

  async #replace(run: NonNullable<Awaited<ReturnType<typeof chooseRun>>>): Promise<void> {
    const { log } = this.#options;
    const { lastFrame } = run.at(-1) as (typeof run)[number];
    await this.#keepCheckpoints(log.checkpoints.filter((frame) => frame >= lastFrame));
    const isStopped = (): boolean => this.#isStopped;
    const stopped = this.#stopped.promise;
    const compacted = await compactRun(run, { ...this.#options, isStopped, stopped }).catch(
      (error: unknown) => {
        this.#isPlaceInDoubt = error instanceof PlaceInDoubtError;
        throw error;
      },
    );
    if (compacted === undefined) return;
    const isOldest = run[0] === log.segments.all[0];
    log.segments.replace(run, compacted);
    compacted.liveOnceCompacted = await countLive(log, compacted, isOldest);
    // Without an index on disk it stays in memory.
    await compacted.seal().catch(this.#report("index"));
    for (const segment of run) await segment.retire();
  }
}

import {
  encodeTerminalEntry,
  snapshotChannel,
  snapshotEntryType,
  type TerminalSize,
} from "../../protocol/terminal-entries.ts";
import type { JobProcess } from "../run/job-process.ts";
import { JobProducer } from "../run/job-producer.ts";
import { SnapshotSchedule } from "./snapshot-schedule.ts";

export interface SnapshotWriterOptions {
  readonly process: JobProcess;
  readonly signal: AbortSignal;
  /** One is to be made although nothing is written. */
  readonly onDue: () => void;
}

/**
 * Writes the screens from which viewers begin. The newest one in the channel must be of a position from which
 * on the terminal's channel still has everything. That channel keeps its last 256 MiB; between two snapshots
 * come 32 MiB at most, and what is delivered while a snapshot is: it holds unless that is 200 MiB.
 */
export class SnapshotWriter {
  readonly schedule: SnapshotSchedule;
  readonly #producer: JobProducer;
  #writing: Promise<void> = Promise.resolve();

  constructor({ process, signal, onDue }: SnapshotWriterOptions) {
    this.schedule = new SnapshotSchedule(process.executor.system.clock, onDue);
    this.#producer = new JobProducer({
      process,
      channel: snapshotChannel,
      role: "executor",
      signal,
      // Their positions are those of the terminal's channel in the process before.
      forgetsPending: true,
    });
  }

  /** Takes a screen whose text is to come; what is returned is told its position. */
  take(text: Promise<string>, size: TerminalSize): (position: number) => void {
    this.schedule.taken();
    return (position) => {
      const written = this.#write(text, size, position);
      this.#writing = this.#writing.then(() => written);
    };
  }

  async #write(
    text: Promise<string>,
    { columns, rows }: TerminalSize,
    position: number,
  ): Promise<void> {
    try {
      const payload = encodeTerminalEntry({ position, columns, rows, screen: await text });
      await this.#producer.append({ type: snapshotEntryType, payload });
      this.schedule.delivered();
    } catch {
      // The output is refused for the same reason, and that is told. No more snapshots: one stays under way.
    }
  }

  /** Settles when the server has those that have a position, or takes none. */
  async settled(): Promise<void> {
    await this.#writing;
    await this.#producer.settled();
  }
}

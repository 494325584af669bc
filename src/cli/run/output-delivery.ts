import type { Readable, Writable } from "node:stream";
import { ChannelWriter } from "./channel-writer.ts";
import { JobProducer } from "./job-producer.ts";
import type { JobProcess } from "./job-process.ts";
import { OutputCopy } from "./local-copy.ts";
import { OutputRecord } from "./output-record.ts";
import type { ProgramOutput } from "./program-kind.ts";

export interface OutputDeliveryOptions {
  readonly process: JobProcess;
  readonly channel: "stdout" | "stderr";
  readonly source: Readable;
  readonly local: Writable;
  /** Most that waits for the server. */
  readonly bufferBytes: number;
  /** Whether what comes beyond it is dropped now; otherwise the program waits. */
  readonly dropsBeyondBound: () => boolean;
  readonly onFull: () => void;
  readonly onDataLost: () => void;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** One stream of a program's output on its way to the terminal and into its channel. */
export class OutputDelivery implements ProgramOutput {
  readonly channel: "stdout" | "stderr";
  readonly #record = new OutputRecord();
  readonly #producer: JobProducer;
  readonly #writer: ChannelWriter;
  readonly #copied: Promise<void>;

  constructor(options: OutputDeliveryOptions) {
    const { process, channel, signal, source, local, bufferBytes, onDataLost } = options;
    const { dropsBeyondBound, onFull } = options;
    this.channel = channel;
    this.#producer = new JobProducer({
      process,
      channel,
      role: "executor",
      signal,
      onDataLost,
      onAcknowledged: (entry) => this.#record.acknowledged(entry),
      renewedEntries: () => this.#record.renewedEntries(),
    });
    const copy = new OutputCopy(source);
    const onRoom = copy.addReader((chunk) => this.#writer.push(chunk));
    copy.addStream(local);
    this.#writer = new ChannelWriter(this.#producer, process.executor.system, {
      bytesMax: bufferBytes,
      onRoom,
      onFull,
      dropsBeyondBound,
    });
    this.#copied = copy.start().then(() => this.#writer.end());
  }

  get copied(): Promise<void> {
    return this.#copied;
  }

  get delivered(): Promise<void> {
    return this.#writer.finished;
  }

  get acknowledgedBytes(): number {
    return this.#record.bytes;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  async settled(): Promise<void> {
    await this.#producer.settled();
  }

  releaseIfDropping(): void {
    this.#writer.releaseIfDropping();
  }
}

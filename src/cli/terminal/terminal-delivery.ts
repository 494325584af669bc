import type { Readable, Writable } from "node:stream";
import {
  encodeTerminalEntry,
  sizeEntryType,
  terminalChannel,
  type TerminalSize,
} from "../../protocol/terminal-entries.ts";
import { incompleteTailBytes } from "../run/chunk-assembler.ts";
import { ChannelWriter } from "../run/channel-writer.ts";
import { JobProducer } from "../run/job-producer.ts";
import { OutputCopy } from "../run/local-copy.ts";
import { OutputRecord } from "../run/output-record.ts";
import type { JobContext, ProgramOutput } from "../run/program-kind.ts";
import type { Screen } from "./screen.ts";
import { createSequenceEnd, SequenceScanner } from "./sequence-scanner.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";

const MiB = 1024 * 1024;
/** What the screen has not worked through yet; the program is made to wait for it as for the server. */
const unparsedBytesMax = MiB;

export interface TerminalDeliveryOptions extends JobContext {
  readonly source: Readable;
  readonly screen: Screen;
  /** Of the screen and of the program's terminal. */
  readonly size: TerminalSize;
  /** Gets the bytes as they come, where the screen is not shown. */
  readonly local: Writable | undefined;
  /** Something is on the screen that was not. */
  readonly onChange: () => void;
}

/** What a program writes to its terminal, on its way onto the screen and into the channels. */
export class TerminalDelivery implements ProgramOutput {
  readonly channel = terminalChannel;
  readonly copied: Promise<void>;
  readonly delivered: Promise<void>;
  readonly #screen: Screen;
  readonly #onChange: () => void;
  readonly #record = new OutputRecord(sizeEntryType);
  readonly #producer: JobProducer;
  readonly #writer: ChannelWriter;
  readonly #snapshots: SnapshotWriter;
  readonly #scanner = new SequenceScanner();
  /** The beginning of a character: a snapshot, which is text, cannot end with it. */
  #held: Uint8Array = new Uint8Array(0);
  #size: TerminalSize;
  #unparsedBytes = 0;
  #hasScreenRoom: () => void = () => undefined;

  constructor(options: TerminalDeliveryOptions) {
    const { process, screen, size, givenUp: signal, onFull, dropsBeyondBound, say } = options;
    this.#screen = screen;
    this.#size = size;
    this.#onChange = options.onChange;
    this.#snapshots = new SnapshotWriter({ process, signal, onDue: () => this.#takeSnapshot() });
    this.#producer = new JobProducer({
      process,
      channel: terminalChannel,
      role: "executor",
      signal,
      onAcknowledged: (entry) => this.#record.acknowledged(entry),
      renewedEntries: () => this.#record.renewedEntries(),
      onDataLost: () => {
        say(`the server lost entries of ${terminalChannel} that it had acknowledged`);
        this.#snapshots.schedule.request();
      },
    });
    const copy = new OutputCopy(options.source);
    const onRoom = copy.addReader((chunk) => this.#take(chunk));
    if (options.local !== undefined) copy.addStream(options.local);
    this.#writer = new ChannelWriter(this.#producer, process.executor.system, {
      bytesMax: options.bufferBytes,
      onRoom,
      onFull,
      dropsBeyondBound,
      // Viewers wait for it: without a part of the output they cannot know the screen.
      onGap: () => this.#snapshots.schedule.request(),
      createPayloadEnd: createSequenceEnd,
    });
    process.onRestored(() => this.#snapshots.schedule.request());
    this.#insertSize();
    this.#addScreen(copy);
    this.copied = copy.start().then(() => this.#end());
    this.delivered = this.#writer.finished.then(() => this.#snapshots.settled());
    this.delivered.catch(() => undefined);
  }

  get size(): TerminalSize {
    return this.#size;
  }

  get acknowledgedBytes(): number {
    return this.#record.bytes;
  }

  get isFull(): boolean {
    return this.#writer.isFull;
  }

  /** From here on the screen has this size; that of the program's terminal is the caller's. */
  resize(size: TerminalSize): void {
    this.#size = size;
    this.#insertSize();
    void this.#screen.resize(size).then(this.#onChange);
    this.#snapshots.schedule.wrote(0);
  }

  async settled(): Promise<void> {
    await this.#producer.settled();
    await this.#snapshots.settled();
  }

  releaseIfDropping(): void {
    this.#writer.releaseIfDropping();
  }

  #insertSize(): void {
    this.#writer.insert({ type: sizeEntryType, payload: encodeTerminalEntry(this.#size) });
  }

  #addScreen(copy: OutputCopy): void {
    this.#hasScreenRoom = copy.addReader(() => this.#unparsedBytes < unparsedBytesMax);
  }

  #take(read: Uint8Array): boolean {
    const bytes = this.#held.byteLength === 0 ? read : Buffer.concat([this.#held, read]);
    const end = bytes.byteLength - incompleteTailBytes(bytes);
    this.#held = Uint8Array.from(bytes.subarray(end));
    return this.#takeCharacters(bytes.subarray(0, end));
  }

  #takeCharacters(chunk: Uint8Array): boolean {
    const boundary = this.#scanner.scan(chunk);
    let hasRoom = true;
    if (boundary > 0) {
      hasRoom = this.#write(chunk.subarray(0, boundary));
      if (this.#snapshots.schedule.isDue) this.#takeSnapshot();
    }
    if (boundary < chunk.byteLength) hasRoom = this.#write(chunk.subarray(boundary));
    return hasRoom;
  }

  #write(bytes: Uint8Array): boolean {
    const { byteLength } = bytes;
    // First on its way to those who wait for it.
    const hasRoom = this.#writer.push(bytes);
    this.#unparsedBytes += byteLength;
    void this.#screen.write(bytes).then(() => {
      this.#unparsedBytes -= byteLength;
      this.#onChange();
      if (this.#unparsedBytes < unparsedBytesMax / 2) this.#hasScreenRoom();
    });
    this.#snapshots.schedule.wrote(byteLength);
    return hasRoom;
  }

  /** Both in one turn: what is on the screen is what was written up to the mark, and nothing later. */
  #takeSnapshot(): void {
    const text = this.#screen.capture();
    this.#writer.mark(this.#snapshots.take(text, this.#size));
  }

  /** Who comes after the end sees the last screen at once. */
  #end(): void {
    if (this.#held.byteLength > 0) this.#write(this.#held);
    if (this.#snapshots.schedule.hasNews) this.#takeSnapshot();
    this.#writer.end();
    this.#snapshots.schedule.dispose();
  }
}

import { entryOverheadBytes } from "../core/entry.ts";
import { ChannelError, unavailable } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { isRetryable, retryAfterMs } from "../protocol/error-retry.ts";
import { decodeError } from "../protocol/decode-error.ts";
import type { AckRun, FrameEntryInput } from "../protocol/socket-message.ts";
import { BackOff } from "./back-off.ts";
import { Condition } from "./condition.ts";
import type { Connection } from "./connection.ts";
import type { Lane, LaneMessage, Line } from "./line.ts";

const producerIdLength = 16;
const batchEntriesMax = 1_000;

/** Where an entry came to stand. Position 0: it is there, too old to tell where. */
export interface SendReceipt {
  readonly position: number;
  readonly sequence: number;
}

/** What is sent, for this alone. Its number, which the producer gives, moves up when one before it is dropped. */
export type SentEntry = Omit<FrameEntryInput, "sequence"> & { sequence: number };

/** An entry on its way. */
interface Sending {
  readonly entry: SentEntry;
  readonly bytes: number;
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (error: ChannelError) => void;
  isSettled: boolean;
  /** It may have been taken without our hearing of it. */
  isDoubtful: boolean;
  /** A group with it was refused for good: by itself it may pass. */
  isAlone: boolean;
}

/** What went as one append, and how much of it is answered. */
interface Group {
  readonly sendings: readonly Sending[];
  /** Under which the first of them went. */
  readonly sequence: number;
  answered: number;
}

export interface ProducerOptions {
  readonly processId: string;
  readonly channel: string;
  readonly term?: number;
  /** An id that an earlier life has used, and the last sequence that was taken of it. */
  readonly producer?: string | undefined;
  readonly lastSequence?: number | undefined;
  readonly unackedBytes: number;
  readonly waitingBytesMax: number;
  readonly system: System;
  readonly onDataLost: (error: ChannelError<"data_lost">) => void;
}

/** Refusals that hold for whatever this producer would send. */
const endings: readonly string[] = [
  "process_closed",
  "executor_fenced",
  "process_not_found",
  "channel_not_found",
  "unauthorized",
  "forbidden",
];

/**
 * One writing instance of a channel. Its entries are numbered without a hole, kept until they are
 * acknowledged, and sent again with the same numbers as often as it takes. After a refusal nothing is sent
 * until all that is under way has been answered: only then is it certain which numbers are free.
 */
export class Producer implements Lane {
  readonly #connection: Connection;
  readonly #options: ProducerOptions;
  readonly #backOff: BackOff;
  #id: string;
  #nextSequence: number;
  #unsettled: Sending[] = [];
  #unsettledBytes = 0;
  /** Of those, so many from the first on are under way. */
  #sentCount = 0;
  #sentBytes = 0;
  #groups: Group[] = [];
  #line: Line | undefined;
  #lineId: number | undefined;
  #isFlushDue = false;
  #isRecovering = false;
  #needsNewId = false;
  #pause: { cancel(): void } | undefined;
  readonly #changed = new Condition();

  constructor(connection: Connection, options: ProducerOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#backOff = new BackOff(options.system);
    this.#id = options.producer ?? options.system.randomId(producerIdLength);
    this.#nextSequence = (options.lastSequence ?? 0) + 1;
  }

  get id(): string {
    return this.#id;
  }

  get isNeedy(): boolean {
    return this.#unsettled.length > 0;
  }

  /** Resolves when the entry is durable. Rejects with what refuses it for good, and `overloaded` beyond what may wait. */
  send(entry: SentEntry): Promise<SendReceipt> {
    const bytes = entry.payload.length + entryOverheadBytes;
    const { unackedBytes, waitingBytesMax } = this.#options;
    const isTooMuch = this.#unsettledBytes + bytes > unackedBytes + waitingBytesMax;
    if (isTooMuch && this.#unsettled.length > 0)
      return Promise.reject(new ChannelError("overloaded", { retryAfterMs: 0 }));
    entry.sequence = this.#nextSequence++;
    const settled = new Promise<SendReceipt>((resolve, reject) => {
      // Field by field: a spread for each entry costs more than all else that is done with it here.
      this.#unsettled.push({
        entry,
        bytes,
        resolve,
        reject,
        isSettled: false,
        isDoubtful: false,
        isAlone: false,
      });
    });
    this.#unsettledBytes += bytes;
    if (this.#unsettled.length === 1) this.#connection.add(this);
    this.#flushSoon();
    return settled;
  }

  /** Resolves when there is room for more; whoever writes a stream waits for it. */
  async ready(): Promise<void> {
    while (this.#unsettledBytes >= this.#options.unackedBytes) await this.#changed.wait();
  }

  /** Resolves when nothing is unsettled, whatever became of it. */
  async settled(): Promise<void> {
    while (this.#unsettled.length > 0) await this.#changed.wait();
  }

  attach(line: Line): void {
    this.#line = line;
    this.#lineId = undefined;
    this.#flushSoon();
  }

  detach(): void {
    this.#line = undefined;
    this.#lineId = undefined;
    for (const sending of this.#groups.flatMap(({ sendings }) => sendings))
      sending.isDoubtful = true;
    this.#groups = [];
    this.#recover();
  }

  fail(error: ChannelError): void {
    this.#line = undefined;
    this.#lineId = undefined;
    this.#groups = [];
    this.#isRecovering = false;
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#rejectAll(error);
  }

  /** Nobody sends with it any more. */
  close(): void {
    this.#leaveLine();
    // Nobody tells it any more when the line is gone.
    this.#line = undefined;
    this.#connection.remove(this);
  }

  #leaveLine(): void {
    if (this.#lineId === undefined) return;
    this.#line?.send({ kind: "unsubscribe", id: this.#lineId });
    this.#line?.forget(this.#lineId);
    this.#lineId = undefined;
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const line = this.#line;
    if (line === undefined || this.#isRecovering || this.#pause !== undefined) return;
    while (this.#sentCount < this.#unsettled.length && this.#groups.length < line.appendsMax) {
      const group = this.#takeGroup(line.appendBytesMax);
      if (group.length === 0) return;
      const entries = group.map(({ entry }) => entry);
      this.#groups.push({ sendings: group, sequence: entries[0]?.sequence ?? 0, answered: 0 });
      line.send({ kind: "append", id: this.#produce(line), entries });
    }
  }

  /** The next ones that go together, within what may be unacknowledged. */
  #takeGroup(bytesMax: number): Sending[] {
    const group: Sending[] = [];
    let bytes = 0;
    for (let at = this.#sentCount; at < this.#unsettled.length; at++) {
      const next = this.#unsettled[at] as Sending;
      const isBeyond =
        this.#sentBytes > 0 && this.#sentBytes + next.bytes > this.#options.unackedBytes;
      const isApart = group.length > 0 && (next.isAlone || bytes + next.bytes > bytesMax);
      if (isBeyond || isApart || group.length >= batchEntriesMax) break;
      group.push(next);
      bytes += next.bytes;
      this.#sentBytes += next.bytes;
      this.#sentCount += 1;
      if (next.isAlone) break;
    }
    return group;
  }

  #produce(line: Line): number {
    if (this.#lineId !== undefined) return this.#lineId;
    const id = line.open((message) => this.#receive(message, line));
    this.#lineId = id;
    const { processId: process, channel, term } = this.#options;
    line.send({ kind: "produce", id, process, channel, producer: this.#id, term });
    return id;
  }

  #receive(message: LaneMessage, line: Line): void {
    if (message.kind === "ack") this.#takeAck(message.runs, line);
    else if (message.kind === "refused") this.#takeRefusal(message, line);
    else return;
    if (this.#isRecovering && this.#groups.length === 0) this.#recover();
    this.#flush();
  }

  #takeAck(runs: readonly AckRun[], line: Line): void {
    this.#backOff.reset();
    for (const [sequence, position, count, mark] of runs) {
      for (let i = 0; i < count; i++) {
        const [group] = this.#groups;
        const sending = group?.sendings[group.answered];
        const isExpected = group !== undefined && group.sequence + group.answered === sequence + i;
        if (sending === undefined || !isExpected)
          return line.break(unavailable("an answer to nothing"));
        this.#accept(sending, position === 0 ? 0 : position + i, mark !== undefined);
        group.answered += 1;
        if (group.answered === group.sendings.length) this.#groups.shift();
      }
    }
    this.#forgetSettled();
  }

  /** Who was never in doubt and is said to be there already is somebody else's: the number was used. */
  #accept(sending: Sending, position: number, isRepeat: boolean): void {
    sending.isSettled = true;
    const { sequence } = sending.entry;
    if (isRepeat && !sending.isDoubtful)
      sending.reject(new ChannelError("sequence_conflict", { sequence }));
    else sending.resolve({ position, sequence });
  }

  #takeRefusal(message: Extract<LaneMessage, { kind: "refused" }>, line: Line): void {
    const refused = this.#groups.shift();
    const group = refused?.sendings ?? [];
    const [first] = group;
    if (first === undefined || refused?.sequence !== message.sequence)
      return line.break(unavailable("an answer to nothing"));
    this.#isRecovering = true;
    if (first.isSettled) return;
    const error = decodeError(message.error) ?? new ChannelError("internal_error", {});
    const { code } = error;
    if (code === "sequence_gap") return this.#takeGap(error as ChannelError<"sequence_gap">);
    if (code === "producer_unknown") return this.#loseData();
    if (isRetryable(error)) {
      for (const sending of group) sending.isDoubtful = true;
      return this.#wait(message.error.retryafterms ?? retryAfterMs(error) ?? 0);
    }
    if (endings.includes(code)) return this.#takeEnding(error);
    if (group.length > 1) for (const sending of group) sending.isAlone = true;
    else this.#drop(first, error);
  }

  /** Asked for less than what is still held: what was acknowledged in between is gone. */
  #takeGap({ details }: ChannelError<"sequence_gap">): void {
    const [oldest] = this.#unsettled;
    if (oldest !== undefined && details.expectedSequence < oldest.entry.sequence) this.#loseData();
  }

  #loseData(): void {
    if (this.#needsNewId) return;
    this.#needsNewId = true;
    const { processId, channel, onDataLost } = this.#options;
    onDataLost(new ChannelError("data_lost", { processId, channel }));
  }

  /** What had got in nonetheless is named by the last sequence. */
  #takeEnding(error: ChannelError): void {
    const { lastSequence = 0 } = error.details as { readonly lastSequence?: number };
    for (const sending of this.#unsettled)
      if (sending.isDoubtful && sending.entry.sequence <= lastSequence)
        this.#accept(sending, 0, true);
    this.#forgetSettled();
    this.#rejectAll(error);
  }

  /** One that will never be taken frees its number; the later ones move up. */
  #drop(sending: Sending, error: ChannelError): void {
    // A copy of any that is still on its way over a lost link could be taken for the one that gets its number.
    if (this.#unsettled.some(({ isDoubtful }) => isDoubtful)) this.#needsNewId = true;
    sending.isSettled = true;
    sending.reject(error);
    for (const { entry } of this.#unsettled)
      if (entry.sequence > sending.entry.sequence) entry.sequence -= 1;
    this.#nextSequence -= 1;
    this.#forgetSettled();
  }

  #wait(ms: number): void {
    this.#pause?.cancel();
    this.#pause = this.#options.system.clock.after(this.#backOff.nextDelayMs(ms), () => {
      this.#pause = undefined;
      this.#flush();
    });
  }

  /** Nothing is under way any more: what is not settled goes again. */
  #recover(): void {
    this.#isRecovering = false;
    this.#sentCount = 0;
    this.#sentBytes = 0;
    if (!this.#needsNewId) return;
    this.#needsNewId = false;
    this.#id = this.#options.system.randomId(producerIdLength);
    this.#leaveLine();
    this.#nextSequence = 1;
    for (const sending of this.#unsettled) {
      sending.entry.sequence = this.#nextSequence++;
      sending.isDoubtful = false;
    }
  }

  #rejectAll(error: ChannelError): void {
    const rejected = this.#unsettled.filter(({ isSettled }) => !isSettled);
    // Numbers of those that may have been taken are not used again.
    if (rejected.some(({ isDoubtful }) => isDoubtful)) this.#needsNewId = true;
    const [first] = rejected;
    if (first !== undefined) this.#nextSequence = first.entry.sequence;
    for (const sending of rejected) {
      sending.isSettled = true;
      sending.reject(error);
    }
    this.#forgetSettled();
    if (this.#needsNewId && this.#groups.length === 0) this.#recover();
  }

  #forgetSettled(): void {
    const settled = this.#unsettled.filter(({ isSettled }) => isSettled);
    if (settled.length === 0) return;
    this.#unsettled = this.#unsettled.filter(({ isSettled }) => !isSettled);
    const bytes = settled.reduce((sum, sending) => sum + sending.bytes, 0);
    this.#unsettledBytes -= bytes;
    this.#sentBytes = Math.max(0, this.#sentBytes - bytes);
    this.#sentCount = Math.max(0, this.#sentCount - settled.length);
    this.#changed.notify();
    if (this.#unsettled.length === 0) this.#connection.needsChanged(this);
  }
}

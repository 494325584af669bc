import { JetStreamFailure } from "../../src/stores/jetstream/jet-stream.ts";
import type { StreamMessage, StreamState } from "../../src/stores/jetstream/jet-stream.ts";

/** A message, and between which changes of its stream it was there. */
interface StoredMessage extends StreamMessage {
  readonly addedBy: number;
  removedBy: number;
  /** That the stream counts for it. */
  readonly bytes: number;
}

export interface StreamWrite {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly expected: number;
  readonly replacing?: boolean | undefined;
}

export interface Written {
  readonly message: StreamMessage;
  /** Sequence of the one before it on the subject, 0 where there is none. */
  readonly previous: number;
}

/** What a stream counts for a message besides its subject, headers and data (nats-server, fileStoreMsgSize). */
const frameBytes = 22 + 4 + 8;

/** One stream as its true leader has it, and as it was after each earlier change: what a deposed leader still has. */
export class SimulatedStream {
  readonly name: string;
  readonly #bySubject = new Map<string, StoredMessage[]>();
  #lastSequence = 0;
  #changeCount = 0;
  #bytes = 0;
  /** Bytes that it takes at most. */
  bytesMax = Infinity;
  /** Which server leads it: a number stands for its name. */
  leader = 1;

  constructor(name: string) {
    this.name = name;
  }

  /** Writes and purges so far: with it a later read asks for what was there now. */
  get changeCount(): number {
    return this.#changeCount;
  }

  get state(): StreamState {
    const leader = `server${this.leader}`;
    return { bytes: this.#bytes, lastSequence: this.#lastSequence, leader };
  }

  /**
   * Throws `JetStreamFailure`. The expectation is looked at first, and room is needed also for what replaces
   * something, as in nats-server.
   */
  write(write: StreamWrite, timestamp: number): Written {
    const { subject, data, expected, replacing } = write;
    const messages = this.#bySubject.get(subject) ?? [];
    const previous = lastOf(messages, this.#changeCount)?.sequence ?? 0;
    if (previous !== expected)
      throw new JetStreamFailure("conflict", `wrong last sequence: ${previous}`);
    const bytes = frameBytes + subject.length + messageBytes(write);
    if (this.#bytes + bytes >= this.bytesMax)
      throw new JetStreamFailure("full", "maximum bytes exceeded");
    this.#changeCount++;
    if (replacing === true) this.#remove(messages, Infinity);
    const message = { subject, data, sequence: ++this.#lastSequence, timestamp };
    messages.push({ ...message, bytes, addedBy: this.#changeCount, removedBy: Infinity });
    this.#bySubject.set(subject, messages);
    this.#bytes += bytes;
    return { message, previous };
  }

  /** Removes the messages of a subject with a sequence below. */
  purgeBelow(pattern: string, sequence: number): void {
    this.#changeCount++;
    for (const messages of this.#matching(pattern)) this.#remove(messages, sequence);
  }

  /** The last message of a subject, as it was after a change. */
  readLast(pattern: string, asOf = this.#changeCount): StreamMessage | undefined {
    let last: StreamMessage | undefined;
    for (const messages of this.#matching(pattern)) {
      const found = lastOf(messages, asOf);
      if (found !== undefined && found.sequence > (last?.sequence ?? 0)) last = found;
    }
    return last;
  }

  /** The first message of a subject from a sequence on, as it was after a change. */
  readNext(pattern: string, from: number, asOf = this.#changeCount): StreamMessage | undefined {
    let next: StreamMessage | undefined;
    for (const messages of this.#matching(pattern)) {
      const found = messages.find((each) => each.sequence >= from && wasThere(each, asOf));
      if (found !== undefined && found.sequence < (next?.sequence ?? Infinity)) next = found;
    }
    return next;
  }

  #remove(messages: readonly StoredMessage[], below: number): void {
    for (const message of messages) {
      if (message.sequence >= below || message.removedBy !== Infinity) continue;
      message.removedBy = this.#changeCount;
      this.#bytes -= message.bytes;
    }
  }

  #matching(pattern: string): readonly StoredMessage[][] {
    if (!/[*>]/.test(pattern)) return [this.#bySubject.get(pattern) ?? []];
    return [...this.#bySubject].flatMap(([subject, messages]) =>
      matches(pattern, subject) ? [messages] : [],
    );
  }
}

/** Bytes of a message with its headers as the client makes them: what servers have a limit for. */
export function messageBytes({ data, expected, replacing }: StreamWrite): number {
  const rollup = replacing === true ? "Nats-Rollup: sub\r\n" : "";
  const headers = `NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: ${expected}\r\n${rollup}\r\n`;
  return headers.length + data.byteLength;
}

/** Whether a subject is of a pattern, in which `*` is any token and `>` at the end is all that follow. */
export function matches(pattern: string, subject: string): boolean {
  const tokens = subject.split(".");
  const wanted = pattern.split(".");
  const end = wanted.indexOf(">");
  if (end === -1 ? tokens.length !== wanted.length : tokens.length <= end) return false;
  return wanted.slice(0, end === -1 ? undefined : end).every((token, index) => {
    return token === "*" || token === tokens[index];
  });
}

function lastOf(messages: readonly StoredMessage[], asOf: number): StoredMessage | undefined {
  return messages.findLast((message) => wasThere(message, asOf));
}

function wasThere({ addedBy, removedBy }: StoredMessage, asOf: number): boolean {
  return addedBy <= asOf && asOf < removedBy;
}

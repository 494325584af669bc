import { ChannelError } from "../core/errors.ts";
import { decodeError } from "../protocol/decode-error.ts";
import type { AckRun, FrameEntryInput } from "../protocol/socket-message.ts";
import type { Connection } from "./connection.ts";
import { NoAnswerError } from "./http.ts";
import type { Lane, LaneMessage, Line } from "./line.ts";
import type { SendReceipt } from "./producer.ts";

/** Whose entries they are. */
export interface AppendAuthor {
  readonly producer: string;
  readonly term?: number | undefined;
}

interface Attempt {
  /** Under which it went. */
  readonly id: number;
  readonly sequence: number;
  readonly resolve: (receipt: SendReceipt) => void;
  readonly reject: (error: ChannelError) => void;
}

/**
 * Appends to one channel for whoever numbers entries and repeats them itself: each is tried once, over the
 * link that there is. `Channel.send` does all of that by itself.
 */
export class AppendAttempts implements Lane {
  /** They use the link of others, and want none for themselves. */
  readonly isNeedy = false;
  readonly #connection: Connection;
  readonly #processId: string;
  readonly #channel: string;
  #line: Line | undefined;
  #id: number | undefined;
  #author: AppendAuthor = { producer: "" };
  /** Those of one id are answered in this order. */
  #attempts: Attempt[] = [];

  constructor(connection: Connection, processId: string, channel: string) {
    this.#connection = connection;
    this.#processId = processId;
    this.#channel = channel;
  }

  /**
   * Undefined where there is no link now. Rejects with the refusal, or with `unavailable` where the link was
   * lost before the answer: the entry may have been taken.
   */
  append(entry: FrameEntryInput, author: AppendAuthor): Promise<SendReceipt> | undefined {
    this.#connection.add(this);
    const line = this.#line;
    if (line === undefined) return undefined;
    const id = this.#produce(line, author);
    const answer = new Promise<SendReceipt>((resolve, reject) => {
      this.#attempts.push({ id, sequence: entry.sequence, resolve, reject });
    });
    line.send({ kind: "append", id, entries: [entry] });
    return answer;
  }

  attach(line: Line): void {
    this.#line = line;
  }

  detach(): void {
    this.#lose(new NoAnswerError("the connection was lost before the answer"));
  }

  fail(error: ChannelError): void {
    this.#lose(error);
  }

  #lose(error: ChannelError): void {
    this.#line = undefined;
    this.#id = undefined;
    for (const { reject } of this.#attempts.splice(0)) reject(error);
  }

  #produce(line: Line, author: AppendAuthor): number {
    const { producer, term } = author;
    const isSame = producer === this.#author.producer && term === this.#author.term;
    if (this.#id !== undefined && isSame) return this.#id;
    // The one before ends once what is under way is answered.
    if (this.#id !== undefined) line.send({ kind: "unsubscribe", id: this.#id });
    const id = line.open((message) => this.#receive(message, line));
    this.#id = id;
    this.#author = author;
    line.send({
      ...{ kind: "produce", id, process: this.#processId, channel: this.#channel },
      ...{ producer, term },
    });
    return id;
  }

  #receive(message: LaneMessage, line: Line): void {
    const { id } = message;
    if (message.kind === "ack") for (const run of message.runs) this.#take(id, run, line);
    else if (message.kind === "refused") {
      const error = decodeError(message.error) ?? new ChannelError("internal_error", {});
      this.#answered(id, message.sequence, line)?.reject(error);
    }
  }

  #take(id: number, [first, position, count]: AckRun, line: Line): void {
    for (let index = 0; index < count; index++) {
      const sequence = first + index;
      const receipt = { sequence, position: position === 0 ? 0 : position + index };
      this.#answered(id, sequence, line)?.resolve(receipt);
    }
  }

  #answered(id: number, sequence: number, line: Line): Attempt | undefined {
    const index = this.#attempts.findIndex((attempt) => attempt.id === id);
    if (this.#attempts[index]?.sequence === sequence) return this.#attempts.splice(index, 1)[0];
    line.break(new NoAnswerError("an answer to nothing"));
    return undefined;
  }
}

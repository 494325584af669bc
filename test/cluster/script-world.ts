import type { JetStream, StreamMessage } from "../../src/stores/jetstream/jet-stream.ts";
import { JetStreamFailure } from "../../src/stores/jetstream/jet-stream.ts";
import type { Subjects } from "../../src/stores/jetstream/subjects.ts";

/** Bytes of a message with its headers, at most, on the servers that scripts are run on. */
export const messageBytesMax = 64 * 1024;
/** Of one that expects a sequence of one digit. */
export const headerBytes = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 0\r\n\r\n".length;
/** Bytes of the stream of a script, at most. */
export const streamBytesMax = 180_000;

/** A subject, or several, by what it is for. */
export type Place =
  | ("out" | "err" | "other" | "channelsOfProcess" | "channels")
  | ("record" | "otherRecord" | "records")
  | ("heard" | "otherHeard" | "allHeard" | "nowhere");

/** Asks something of JetStream; the answer in words that are the same wherever it comes from. */
export type Ask = (world: ScriptWorld) => Promise<unknown>;

/** One stream of a store with nothing in it, and what a script has heard of it. */
export class ScriptWorld {
  readonly jetStream: JetStream;
  readonly subjects: Subjects;
  readonly stream: string;
  readonly #places: Readonly<Record<Place, string>>;
  readonly #stops: (() => void)[] = [];
  readonly #heard: string[] = [];
  #wake = (): void => undefined;

  constructor(jetStream: JetStream, subjects: Subjects) {
    this.jetStream = jetStream;
    this.subjects = subjects;
    const [stream = ""] = subjects.streams;
    this.stream = stream;
    const channel = (processId: string, name: string): string =>
      subjects.channelOf({ processId, life: "life", channel: name });
    this.#places = {
      ...{ out: channel("p", "out"), err: channel("p", "err"), other: channel("q", "out") },
      channelsOfProcess: subjects.channelsOfProcess("p"),
      channels: subjects.channelsOf(stream),
      ...{ record: subjects.recordOf("p"), otherRecord: subjects.recordOf("q") },
      records: subjects.recordsOf(stream),
      ...{ heard: subjects.heardOf("p"), otherHeard: subjects.heardOf("q") },
      allHeard: subjects.heard,
      nowhere: "nobody.takes.this",
    };
  }

  /** The answer, or of which kind the failure is. */
  async answer(ask: Ask): Promise<unknown> {
    try {
      return await ask(this);
    } catch (error) {
      if (error instanceof JetStreamFailure) return error.kind;
      throw error;
    }
  }

  readonly subjectOf = (place: Place): string => this.#places[place];

  readonly placeOf = (subject: string): string =>
    Object.entries(this.#places).find(([, known]) => known === subject)?.[0] ?? subject;

  readonly describe = (message: StreamMessage | undefined): string =>
    message === undefined
      ? "nothing"
      : `${message.sequence} ${this.placeOf(message.subject)} ${textOf(message.data)}`;

  readonly hear = (what: string): void => {
    this.#heard.push(what);
    this.#wake();
  };

  /** The next so many that are heard. */
  readonly takeHeard = async (count: number): Promise<readonly string[]> => {
    while (this.#heard.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#heard.splice(0, count);
  };

  /** What was heard until now. */
  readonly takeHeardSoFar = (): readonly string[] => this.#heard.splice(0);

  readonly onStop = (stop: () => void): void => void this.#stops.push(stop);

  /** Nothing is listened to any more. */
  readonly stopAll = (): void => {
    for (const stop of this.#stops.splice(0)) stop();
  };
}

export function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

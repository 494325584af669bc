import type { AppendAck } from "../core/broker/views.ts";
import { entryBytes } from "../core/entry.ts";
import type { EncodedMessage } from "../protocol/frame.ts";
import type {
  AckRun,
  ReceivedMessage,
  ReceivedInput,
  FrameError,
} from "../protocol/socket-message.ts";
import { given } from "./route-context.ts";
import { encodePlain, toFrameError } from "./socket-link.ts";
import type { RequestOwner, SocketLink } from "./socket-link.ts";
import type { OutboxSource } from "./socket-outbox.ts";

type Place = Omit<Extract<ReceivedMessage, { kind: "produce" }>, "kind">;

/** An append that the client has not been answered. */
interface Unanswered {
  readonly sequence: number;
  readonly count: number;
  readonly bytes: number;
  ack?: AppendAck;
  error?: FrameError;
}

/** Acknowledgements of one message: enough for a turn, and little to write. */
const runsMax = 1_000;

/**
 * The appends of one producer on a socket: handed to the broker as they come, without waiting for each
 * other, and answered in that order.
 */
export class SocketProducer implements OutboxSource {
  readonly #place: Place;
  readonly #link: SocketLink;
  readonly #owner: RequestOwner;
  #isFinishing = false;
  #unanswered: Unanswered[] = [];
  /** Those before it have been answered. */
  #next = 0;

  constructor(place: Place, link: SocketLink, owner: RequestOwner) {
    this.#place = place;
    this.#link = link;
    this.#owner = owner;
  }

  /** Returns what it counts for until it was answered. */
  append(entries: readonly ReceivedInput[]): number {
    const { process, channel, producer, term } = this.#place;
    const { broker, caller, outbox } = this.#link;
    let bytes = 0;
    for (const { payload, error = "" } of entries) bytes += entryBytes({ payload, error });
    const append: Unanswered = {
      sequence: entries[0]?.sequence ?? 0,
      count: entries.length,
      bytes,
    };
    this.#unanswered.push(append);
    broker
      .append(caller, process, channel, entries, given({ producer, term }))
      .then(
        (ack) => (append.ack = ack),
        (error: unknown) => (append.error = toFrameError(this.#link, error)),
      )
      .finally(() => outbox.ready(this));
    return bytes;
  }

  take(): EncodedMessage | undefined {
    const runs: AckRun[] = [];
    for (;;) {
      const append = this.#unanswered[this.#next];
      if (append?.error !== undefined && runs.length === 0) {
        this.#answered(append);
        const { sequence, count, error } = append;
        const { id } = this.#place;
        return encodePlain({ kind: "refused", id, sequence, count, error });
      }
      if (append?.ack === undefined || runs.length >= runsMax) break;
      addRuns(runs, append.ack);
      this.#answered(append);
    }
    if (runs.length === 0) return undefined;
    return encodePlain({ kind: "ack", id: this.#place.id, runs });
  }

  /** Ends it when everything was answered. */
  finish(): void {
    this.#isFinishing = true;
    this.#endIfFinished();
  }

  close(): void {
    this.#link.outbox.remove(this);
  }

  #endIfFinished(): void {
    if (this.#isFinishing && this.#unanswered.length === 0)
      this.#owner.ended("produce", this.#place.id);
  }

  #answered({ bytes }: Unanswered): void {
    this.#next += 1;
    // Given free in bulk: taking the first of many away costs as much as there are.
    if (this.#next * 2 > this.#unanswered.length) {
      this.#unanswered = this.#unanswered.slice(this.#next);
      this.#next = 0;
    }
    this.#owner.answered(bytes);
    this.#endIfFinished();
  }
}

type Run = [sequence: number, position: number, count: number, mark?: 1 | 2];

function addRuns(runs: AckRun[], { entries }: AppendAck): void {
  for (const { position, sequence, duplicate, compared } of entries) {
    const mark = duplicate ? (compared ? 1 : 2) : undefined;
    const run = runs.at(-1) as Run | undefined;
    // One that was not found stands at 0, where no other follows it.
    const follows =
      run !== undefined &&
      run[1] > 0 &&
      run[0] + run[2] === sequence &&
      run[1] + run[2] === position &&
      run[3] === mark;
    if (follows) run[2] += 1;
    else runs.push(mark === undefined ? [sequence, position, 1] : [sequence, position, 1, mark]);
  }
}

import type { Clock } from "../../src/core/system.ts";
import { JetStreamFailure } from "../../src/stores/jetstream/jet-stream.ts";
import type { StreamMessage } from "../../src/stores/jetstream/jet-stream.ts";
import type { Subjects } from "../../src/stores/jetstream/subjects.ts";
import { SimulatedJetStream } from "./simulated-jet-stream.ts";
import { matches, SimulatedStream } from "./simulated-stream.ts";
import type { StreamWrite } from "./simulated-stream.ts";
import type { SeededScheduler } from "./seeded-scheduler.ts";

/** What goes wrong, each of so many out of 100. */
export interface NatsFaults {
  /** Requests that are lost on their way. */
  lostRequests: number;
  /** Requests that are done, of which nobody hears. */
  lostAnswers: number;
  /** Writes of which the writer is told that there is no answer, and that arrive after that. */
  lateWrites: number;
  /** Republished messages that a node does not get. */
  lostTails: number;
  /** Messages of a tail that take long. */
  slowTails: number;
}

const noFaults: NatsFaults = {
  ...{ lostRequests: 0, lostAnswers: 0, lateWrites: 0, lostTails: 0, slowTails: 0 },
};

/** Streams on some NATS servers, shared by all nodes that connect to them. */
export class SimulatedNats {
  readonly subjects: Subjects;
  readonly random: (below: number) => number;
  readonly scheduler: SeededScheduler;
  readonly streams: ReadonlyMap<string, SimulatedStream>;
  faults: NatsFaults = noFaults;
  /** Streams that nobody leads now. */
  readonly leaderless = new Set<string>();
  /** Streams of which a deposed leader still answers: the changes that it has. */
  readonly deposed = new Map<string, number>();
  messageBytesMax = 64 * 1024;
  /** Told of every message once it is in. */
  onWritten: (message: StreamMessage) => void = () => undefined;
  readonly #connections = new Set<SimulatedJetStream>();
  readonly #clock: Clock;
  #late: StreamWrite[] = [];

  constructor(
    subjects: Subjects,
    random: (below: number) => number,
    scheduler: SeededScheduler,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.subjects = subjects;
    this.random = random;
    this.scheduler = scheduler;
    this.streams = new Map(subjects.streams.map((name) => [name, new SimulatedStream(name)]));
  }

  connect(): SimulatedJetStream {
    const connection = new SimulatedJetStream(this, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  happens(percent: number): boolean {
    return percent > 0 && this.random(100) < percent;
  }

  streamNamed(name: string): SimulatedStream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw new JetStreamFailure("refused", `stream ${name} not found`);
    return stream;
  }

  streamTaking(subject: string): SimulatedStream {
    for (const [name, stream] of this.streams) {
      const patterns = this.subjects.subjectsOf(name);
      if (patterns.some((pattern) => matches(pattern, subject))) return stream;
    }
    throw new JetStreamFailure("unavailable", `no stream takes ${subject}`);
  }

  /** Writes at once, and sends on what was written. Returns its sequence; throws `JetStreamFailure`. */
  write(write: StreamWrite): number {
    const stream = this.streamTaking(write.subject);
    const { message, previous } = stream.write(write, this.#clock.now());
    const { sequence, data } = message;
    const isRepublished = matches(this.subjects.channelsOf(stream.name), write.subject);
    const tail = this.subjects.tailOf(write.subject);
    for (const connection of this.#connections) {
      if (isRepublished) connection.republish(tail, { sequence, previous, data });
      connection.wake(stream.name);
    }
    this.onWritten(message);
    return sequence;
  }

  /** A write that arrives some time later, whatever its writer was told. */
  delay(write: StreamWrite): void {
    this.#late.push(write);
  }

  /** One of the late writes arrives. False where there is none. */
  arriveLate(): boolean {
    const [write] = this.#late.splice(this.random(Math.max(1, this.#late.length)), 1);
    if (write === undefined) return false;
    try {
      this.write(write);
    } catch (error) {
      // Nobody waits for the answer.
      if (!(error instanceof JetStreamFailure)) throw error;
    }
    return true;
  }

  broadcast(subject: string, data: Uint8Array): void {
    for (const connection of this.#connections) connection.tell(subject, data);
  }

  /** Nothing goes wrong from here on. */
  heal(): void {
    this.faults = noFaults;
    this.leaderless.clear();
    this.deposed.clear();
    for (const stream of this.streams.values()) stream.bytesMax = Infinity;
    while (this.arriveLate());
  }
}

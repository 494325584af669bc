import { Jobwire } from "../../src/client/node.ts";
import type { Channel, JobwireOptions, Outcome } from "../../src/client/index.ts";
import { createDeferred } from "../../src/core/deferred.ts";
import type { Deferred } from "../../src/core/deferred.ts";
import { requireEqual, requireTrue } from "../../src/testing/assertion.ts";
import { signToken } from "../server-world.ts";

const outcome = { status: "failed", error: "as planned" } as const;
/** Entries of one sender that are not acknowledged yet. */
const inFlight = 8;

interface Reader {
  readonly lines: string[];
  readonly reading: Promise<Outcome | undefined>;
}

/** Senders and readers of one channel, each through a connection of its own, and all that they were told. */
export class ClusterLoad {
  readonly processId: string;
  readonly #urls: readonly string[];
  readonly #options: Partial<JobwireOptions>;
  readonly #wires: Jobwire[] = [];
  readonly #acknowledged = new Map<string, number>();
  readonly #readers: Reader[] = [];
  readonly #sending: Promise<void>[] = [];
  #isEnding = false;
  #waiting: { readonly count: number; readonly deferred: Deferred<void> }[] = [];
  /** Of each sender: when it was acknowledged last. */
  readonly #lastAckMs = new Map<string, number>();
  #longestPauseMs = 0;

  /** Its clients are spread over the URLs. */
  constructor(urls: readonly string[], processId: string, options: Partial<JobwireOptions> = {}) {
    this.#urls = urls;
    this.processId = processId;
    this.#options = options;
  }

  /** Longest time that any sender waited for an acknowledgement, since it began or since it was asked last. */
  takeLongestPause(): number {
    const now = performance.now();
    const pauses = [...this.#lastAckMs.values()].map((lastMs) => now - lastMs);
    const pause = Math.max(this.#longestPauseMs, ...pauses);
    this.#longestPauseMs = 0;
    return pause;
  }

  get ackCount(): number {
    return this.#acknowledged.size;
  }

  async begin({ senders = 3, readers = 3 } = {}): Promise<void> {
    const owner = this.#open();
    await owner.createProcess({ id: this.processId, channels: [{ name: "out" }] });
    for (let index = 0; index < readers; index++) this.#readers.push(this.#read());
    for (let index = 0; index < senders; index++)
      this.#sending.push(this.#send(`sender${index}`, this.#channel()));
  }

  /** Until so many more were acknowledged. */
  async acks(more: number): Promise<void> {
    const deferred = createDeferred();
    this.#waiting.push({ count: this.#acknowledged.size + more, deferred });
    await Promise.race([deferred.promise, Promise.all(this.#sending)]);
  }

  /** Until acknowledgements have come for that long. */
  async acksFor(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until) await this.acks(1);
  }

  /** Ends the senders and the process; then nothing is lost, repeated or out of order, for whoever read it. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#sending);
    await this.#open().process(this.processId).close(outcome);
    const outcomes = await Promise.all(this.#readers.map(({ reading }) => reading));
    requireEqual(
      outcomes,
      outcomes.map(() => outcome),
      "outcome at every reader",
    );
    const [log = []] = this.#readers.map(({ lines }) => lines);
    for (const { lines } of this.#readers) requireEqual(lines, log, "what each reader read");
    requireEqual(new Set(log).size, log.length, "different entries");
    requireEqual(log.length, this.#acknowledged.size, "entries, all of them acknowledged");
    for (const [content, position] of this.#acknowledged)
      requireEqual(log[position - 1], content, `entry at ${position}`);
    for (let index = 0; index < this.#sending.length; index++) {
      const own = log.filter((line) => line.startsWith(`sender${index}.`));
      const expected = own.map((_, count) => `sender${index}.${count + 1}`);
      requireEqual(own, expected, `order of sender ${index}`);
    }
    requireTrue(log.length > 0, "something was sent");
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#wires.map((wire) => wire.close().catch(() => undefined)));
    await Promise.allSettled([...this.#sending, ...this.#readers.map(({ reading }) => reading)]);
  }

  #open(): Jobwire {
    const wire = new Jobwire({
      url: this.#urls[this.#wires.length % this.#urls.length] ?? "",
      token: () => signToken("sub"),
      patienceMs: 120_000,
      connectTimeoutMs: 2_000,
      closeTimeoutMs: 1_000,
      ...this.#options,
    });
    this.#wires.push(wire);
    return wire;
  }

  #channel(): Channel {
    return this.#open().process(this.processId).channel("out");
  }

  #read(): Reader {
    const lines: string[] = [];
    const read = async (): Promise<Outcome | undefined> => {
      const entries = this.#channel().entries({ from: "start" });
      for await (const { position, payload } of entries) {
        requireEqual(position, lines.length + 1, "position that comes next");
        lines.push(new TextDecoder().decode(payload));
      }
      return entries.outcome;
    };
    const reading = read();
    // Heard in the end; where something else fails first, nobody listens.
    reading.catch(() => undefined);
    return { lines, reading };
  }

  async #send(name: string, channel: Channel): Promise<void> {
    const underWay = new Set<Promise<void>>();
    for (let count = 1; !this.#isEnding; count++) {
      const content = `${name}.${count}`;
      const sent = channel.send(content).then(({ position }) => {
        this.#noteAck(name, content, position);
        underWay.delete(sent);
      });
      underWay.add(sent);
      if (underWay.size >= inFlight) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  }

  #noteAck(sender: string, content: string, position: number): void {
    const now = performance.now();
    const pause = now - (this.#lastAckMs.get(sender) ?? now);
    this.#longestPauseMs = Math.max(this.#longestPauseMs, pause);
    this.#lastAckMs.set(sender, now);
    this.#acknowledged.set(content, position);
    const isReached = ({ count }: { readonly count: number }): boolean =>
      this.#acknowledged.size >= count;
    for (const { deferred } of this.#waiting.filter(isReached)) deferred.resolve();
    this.#waiting = this.#waiting.filter((waiting) => !isReached(waiting));
  }
}

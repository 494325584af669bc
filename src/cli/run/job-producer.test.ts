import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChannelError } from "../../core/errors.ts";
import { randomId } from "../../core/system.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Api, UnreachableError, type AppendPlace, type NumberedEntry } from "../api.ts";
import { runCount } from "../../../test/run-count.ts";
import { noCredentials } from "../credentials.ts";
import { JobProcess } from "./job-process.ts";
import { JobProducer } from "./job-producer.ts";
import { OutputRecord } from "./output-record.ts";

interface StoredEntry {
  readonly type: string;
  readonly text: string;
}

/** What befalls one request. */
type Fate = "answered" | "unreachable" | "answer lost" | "forgotten before" | "forgotten after";

/** A server of one process and one channel, as simple as can be, which fails as it is told. */
class ForgetfulServer extends Api {
  readonly fates: Fate[] = [];
  log: StoredEntry[] | undefined;
  created = 0;
  #sequences = new Map<string, number>();

  constructor(clock: FakeClock) {
    super("http://localhost", noCredentials, { clock, randomId });
  }

  forget(): void {
    this.log = undefined;
    this.#sequences.clear();
  }

  async create(signal: AbortSignal): Promise<{ term: number; createdAt: number }> {
    return await this.#suffer(signal, () => this.#create());
  }

  /** Any other request about the process. */
  async touch(signal: AbortSignal): Promise<void> {
    await this.#suffer(signal, () => this.#requireProcess());
  }

  override async append(
    place: AppendPlace,
    entry: NumberedEntry,
    signal: AbortSignal,
  ): Promise<number> {
    return await this.#suffer(signal, () => this.#append(place, entry));
  }

  async #suffer<Answer>(signal: AbortSignal | undefined, act: () => Answer): Promise<Answer> {
    await Promise.resolve();
    signal?.throwIfAborted();
    const fate = this.fates.shift() ?? "answered";
    if (fate === "unreachable") throw new UnreachableError(this.url);
    if (fate === "forgotten before") this.forget();
    const answer = act();
    if (fate === "forgotten after") this.forget();
    if (fate === "answer lost") throw new UnreachableError(this.url);
    return answer;
  }

  #create(): { term: number; createdAt: number } {
    if (this.log === undefined) {
      this.created += 1;
      this.log = [];
    }
    return { term: 1, createdAt: this.created };
  }

  #append(
    { producer }: AppendPlace,
    { sequence, type = "data", payload = new Uint8Array(0) }: NumberedEntry,
  ): number {
    const log = this.#requireProcess();
    const expectedSequence = (this.#sequences.get(producer) ?? 0) + 1;
    if (sequence > expectedSequence)
      throw new ChannelError("sequence_gap", { expectedSequence, actualSequence: sequence });
    if (sequence === expectedSequence) {
      this.#sequences.set(producer, sequence);
      log.push({ type, text: Buffer.from(payload).toString() });
    }
    return log.length;
  }

  #requireProcess(): StoredEntry[] {
    if (this.log === undefined) throw new ChannelError("process_not_found", { processId: "p" });
    return this.log;
  }
}

async function createWorld({ forgetsPending = false } = {}) {
  const clock = new FakeClock();
  const server = new ForgetfulServer(clock);
  const stop = new AbortController();
  const { signal } = stop;
  const create = () => server.create(signal);
  const apis = { submitter: server, executor: server };
  const process = new JobProcess({ id: "p", ...apis, create, signal });
  await process.create();
  const record = new OutputRecord();
  const lost: string[] = [];
  const producer = new JobProducer({
    process,
    channel: "stdout",
    role: "executor",
    signal,
    onAcknowledged: (entry) => record.acknowledged(entry),
    renewedEntries: () => record.renewedEntries(),
    onDataLost: () => lost.push("lost"),
    forgetsPending,
  });
  /** Lets time pass until it is settled. */
  async function finish<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false;
    const over = work.finally(() => (isOver = true));
    over.catch(() => undefined);
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(10_000);
    }
    return await over;
  }
  return { server, process, producer, record, lost, stop, finish };
}

const append = (world: Awaited<ReturnType<typeof createWorld>>, text: string) =>
  world.finish(world.producer.append({ payload: Buffer.from(text) }));

const texts = (server: ForgetfulServer): string[] | undefined =>
  server.log?.map(({ text }) => text);

describe("a producer of a job", () => {
  it("adds an entry once, also where its acknowledgement was lost", async () => {
    const world = await createWorld();
    world.server.fates.push("answer lost", "unreachable", "answered");
    await append(world, "one");
    await append(world, "two");
    expect(texts(world.server)).toEqual(["one", "two"]);
    expect(world.server.created).toBe(1);
  });

  it("begins anew in a process that was created again, with what is lost in front", async () => {
    const world = await createWorld();
    await append(world, "one");
    world.server.forget();
    await append(world, "two");
    expect(texts(world.server)).toEqual(['{"bytes":3,"reason":"lost"}', "two"]);
    expect(world.process.generation).toBe(1);
    expect(world.lost).toEqual([]);
  });

  it("tells also while it has nothing to write what is lost, its end included", async () => {
    const world = await createWorld();
    await append(world, "one");
    await world.finish(world.producer.append({ type: "end" }));
    world.server.forget();
    const other = world.process.retry(
      () => world.server.touch(world.stop.signal),
      world.stop.signal,
    );
    await world.finish(other);
    await world.finish(world.producer.settled());
    expect(world.server.log?.slice(-2)).toEqual([
      { type: "jobwire.gap", text: '{"bytes":3,"reason":"lost"}' },
      { type: "end", text: "" },
    ]);
  });

  it("goes on under a new id where the process is known and its entries are not", async () => {
    const world = await createWorld();
    await append(world, "one");
    const { log } = world.server;
    world.server.forget();
    world.server.log = log;
    await append(world, "two");
    expect(texts(world.server)).toEqual(["one", "two"]);
    expect(world.lost).toEqual(["lost"]);
    expect(world.process.generation).toBe(0);
  });

  it("rejects what waits, and what comes later, once it is refused for good or given up", async () => {
    const world = await createWorld();
    world.server.fates.push(...Array<Fate>(3).fill("unreachable"));
    const waiting = [1, 2].map(() => world.producer.append({ payload: Buffer.from("x") }));
    world.stop.abort(new Error("given up"));
    for (const one of waiting) await expect(world.finish(one)).rejects.toThrow("given up");
    await expect(append(world, "later")).rejects.toThrow("given up");
  });

  it("knows the last position of the present process", async () => {
    const world = await createWorld();
    expect(await world.producer.lastPosition()).toBe(0);
    await append(world, "one");
    await append(world, "two");
    expect(await world.producer.lastPosition()).toBe(2);
    world.server.forget();
    await append(world, "three");
    expect(texts(world.server)).toEqual(['{"bytes":6,"reason":"lost"}', "three"]);
    expect(await world.producer.lastPosition()).toBe(2);
  });

  it("forgets what waited for a process that was created again, where it is told to", async () => {
    const world = await createWorld({ forgetsPending: true });
    world.server.fates.push("forgotten before");
    await append(world, "old");
    await append(world, "new");
    expect(texts(world.server)).toEqual(["new"]);
  });

  it("loses and repeats nothing that its gaps do not tell of, whatever befalls it", async () => {
    const fates = fc.array(
      fc.constantFrom<Fate>(
        "answered",
        "answered",
        "unreachable",
        "answer lost",
        "forgotten before",
        "forgotten after",
      ),
      { maxLength: 30 },
    );
    const property = fc.asyncProperty(
      fates,
      fc.integer({ min: 1, max: 8 }),
      async (list, count) => {
        const world = await createWorld();
        world.server.fates.push(...list);
        const payloads = Array.from({ length: count }, (_, i) => `<${i}>`);
        await Promise.all(payloads.map((text) => append(world, text)));
        // Whatever befell the last answer, the next request finds out.
        world.server.fates.length = 0;
        await append(world, "last");
        const whole = [...payloads, "last"].join("");
        const log = world.server.log ?? [];
        const lost = log.filter(({ type }) => type !== "data").map(({ text }) => text);
        const data = log.filter(({ type }) => type === "data").map(({ text }) => text);
        const missing = whole.length - data.join("").length;
        expect(data.join("")).toBe(whole.slice(missing));
        expect(lost).toEqual(missing === 0 ? [] : [`{"bytes":${missing},"reason":"lost"}`]);
        expect(log[0]?.type).toBe(missing === 0 ? "data" : "jobwire.gap");
      },
    );
    await fc.assert(property, { numRuns: runCount(200, 5_000) });
  });
});

describe("the process of a job", () => {
  it("is not created again for a denial that a fresh look does not confirm", async () => {
    const world = await createWorld();
    await append(world, "one");
    let denials = 1;
    const answer = await world.finish(
      world.process.retry(async () => {
        if (denials-- > 0) throw new ChannelError("process_not_found", { processId: "p" });
        return Promise.resolve("found");
      }, world.stop.signal),
    );
    expect(answer).toBe("found");
    expect(world.process.generation).toBe(0);
    await append(world, "two");
    expect(texts(world.server)).toEqual(["one", "two"]);
  });

  it("is not created again once it was abandoned, also while that is under way", async () => {
    const world = await createWorld();
    world.server.forget();
    const appended = append(world, "one");
    world.process.abandon();
    await expect(appended).rejects.toMatchObject({ code: "process_not_found" });
    expect(world.server.created).toBe(1);
  });

  it("is created again once, however many find it missing", async () => {
    const world = await createWorld();
    world.server.forget();
    const { signal } = world.stop;
    const touch = (): Promise<void> => world.server.touch(signal);
    const all = [1, 2, 3].map(() => world.process.retry(touch, signal));
    await world.finish(Promise.all(all));
    expect(world.server.created).toBe(2);
    expect(world.process.generation).toBe(1);
  });
});

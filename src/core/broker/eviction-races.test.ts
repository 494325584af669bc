import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf, exe, memoryLimits, readAll, sub, text } from "../../../test/broker-world.ts";
import { runCount } from "../../../test/run-count.ts";
import { ScheduledStore } from "../../../test/scheduled-store.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { MsgEntry } from "../entry.ts";
import type { BrokerLimits } from "../limits.ts";
import { randomId } from "../system.ts";
import { Broker } from "./broker.ts";
import type { ChannelSubscription } from "./channel-subscription.ts";
import type { AppendAck } from "./views.ts";

const processIds = ["p0", "p1", "p2"];

type Turn = () => Promise<unknown>;

/** Brokers over one store whose calls take as long as the scheduler likes, and what was done through them. */
class World {
  readonly stores: readonly ScheduledStore[];
  readonly brokers: readonly Broker[];
  readonly acked = new Map<
    string,
    { ack: AppendAck; send: (payload: string) => Promise<AppendAck> }
  >();
  readonly readers: { processId: string; after: number; seen: Promise<MsgEntry[]> }[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #turn: Turn;

  constructor(brokerCount: number, limits: Partial<BrokerLimits>, turn: Turn) {
    const memory = new MemoryStore();
    this.#turn = turn;
    this.stores = Array.from({ length: brokerCount }, () => new ScheduledStore(memory, turn));
    const system = { clock: new FakeClock(), randomId };
    this.brokers = this.stores.map(({ store }) => new Broker({ store, limits, system }));
  }

  get first(): Broker {
    return this.brokers[0] as Broker;
  }

  broker(n: number): Broker {
    return this.brokers[n % this.brokers.length] as Broker;
  }

  async begin(): Promise<void> {
    for (const id of processIds)
      await this.first.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
  }

  /** Each sender's next entry of a process, after its last one. */
  append(n: number, processId: string, sender: string): Promise<unknown> {
    const line = `${processId} ${sender}`;
    const sequence = (this.#sequences.get(line) ?? 0) + 1;
    this.#sequences.set(line, sequence);
    const payload = `${line} ${sequence}`;
    const send = (content: string): Promise<AppendAck> =>
      this.broker(n).append(sub, processId, "out", [{ sequence, payload: content }], {
        producer: sender,
      });
    const result = (this.#queues.get(line) ?? Promise.resolve()).then(async () => {
      const ack = await send(payload);
      expect(ack.entries[0]).toMatchObject({ duplicate: false });
      this.acked.set(payload, { ack, send });
    });
    this.#queues.set(line, result);
    return result;
  }

  /** One of the entries that are acknowledged is sent again, and then with other content. */
  async repeat(n: number): Promise<void> {
    const all = [...this.acked];
    const [payload, { ack, send }] = all[n % Math.max(all.length, 1)] ?? ["", {}];
    if (ack === undefined || send === undefined) return;
    const position = ack.entries[0]?.position;
    expect(await send(payload)).toMatchObject({
      entries: [{ position, duplicate: true, compared: true }],
    });
    expect(await codeOf(send(`not ${payload}`))).toBe("sequence_conflict");
  }

  async subscribe(n: number, processId: string, after: number): Promise<ChannelSubscription> {
    const broker = this.broker(n);
    const { last } = await broker.getChannel(sub, processId, "out");
    const position = Math.min(after, last);
    return broker.subscribe(sub, processId, "out", { after: position });
  }

  /** Reads to the end, with pauses in which it falls behind. */
  async follow(n: number, processId: string, after: number): Promise<void> {
    const reader = await this.subscribe(n, processId, after);
    const from = reader.cursor.position;
    const drain = async (): Promise<MsgEntry[]> => {
      const seen: MsgEntry[] = [];
      for await (const item of reader) {
        expect(item.kind).not.toBe("gap");
        if (item.kind === "entries") seen.push(...item.entries);
        else expect(item).toMatchObject({ kind: "end", reason: "closed" });
        await this.#turn();
      }
      return seen;
    };
    this.readers.push({ processId, after: from, seen: drain() });
  }

  /** Comes, reads once and leaves. */
  async glance(n: number, processId: string, after: number): Promise<void> {
    const reader = await this.subscribe(n, processId, after);
    const { position } = reader.cursor;
    const item = await reader.poll();
    if (item !== undefined)
      expect(item.kind === "entries" ? item.entries[0]?.position : item.kind).toBe(position + 1);
    reader.close();
  }

  async check(): Promise<void> {
    for (const processId of processIds) {
      await this.first.closeProcess(sub, processId, { status: "success" });
      expect(await codeOf(this.first.append(exe, processId, "out", [{ payload: "late" }]))).toBe(
        "process_closed",
      );
      const log = await readAll(this.first, sub, processId);
      const own = [...this.acked].filter(([payload]) => payload.startsWith(`${processId} `));
      expect(log).toHaveLength(own.length);
      for (const [payload, { ack }] of own)
        expect(log[(ack.entries[0]?.position ?? 0) - 1]).toBe(payload);
      for (const reader of this.readers.filter((one) => one.processId === processId))
        expect((await reader.seen).map(text)).toEqual(log.slice(reader.after));
    }
    for (const { followersMax } of this.stores) expect(followersMax).toBeLessThanOrEqual(1);
  }
}

describe.each(memoryLimits)("channels that come and go from memory, $name", ({ limits }) => {
  it.each([1, 2])("lose, repeat and mix up nothing, through %i broker(s)", async (brokerCount) => {
    const step = fc.record({
      what: fc.nat(7),
      n: fc.nat(7),
      process: fc.nat(2),
      after: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 5, maxLength: 60 }),
        async (scheduler, steps) => {
          const turn = (): Promise<unknown> => scheduler.schedule(Promise.resolve());
          const world = new World(brokerCount, limits, turn);
          const run = async (): Promise<void> => {
            await world.begin();
            const running: Promise<unknown>[] = [];
            for (const { what, n, process, after } of steps) {
              const processId = processIds[process] as string;
              if (what < 4) running.push(world.append(n, processId, `tab${what % 2}`));
              else if (what === 4) running.push(world.repeat(n));
              else if (what === 5) running.push(world.follow(n, processId, after));
              else if (what === 6) running.push(world.glance(n, processId, after));
              else running.push(world.broker(n).assign(sub, processId, { executorId: "exe" }));
              await turn();
            }
            await Promise.all(running);
            await world.check();
            for (const broker of world.brokers) await broker.close();
          };
          await scheduler.waitFor(run());
          // What was being read in the background when the brokers closed.
          await scheduler.waitIdle();
          // With one writer every head is as expected: two objects of one channel would get in each other's way.
          if (brokerCount === 1) expect(world.stores[0]?.conflicts).toBe(0);
          for (const { followed } of world.stores) expect(followed).toBe(0);
        },
      ),
      { numRuns: runCount(30, 1_000) },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import { codeOf, exe, memoryLimits, readAll, sub } from "../../../test/broker-world.ts";
import { runCount } from "../../../test/run-count.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FaultyStore } from "../../testing/faulty-store.ts";
import { ChannelError, isChannelError } from "../errors.ts";
import { StoreRejection } from "../store.ts";
import type { BrokerLimits } from "../limits.ts";
import type { Store } from "../store.ts";
import { randomId } from "../system.ts";
import { Broker } from "./broker.ts";
import type { Caller } from "./caller.ts";

const utf8 = new TextDecoder();

type CreateBroker = (store: Store) => Broker;

const brokersWithin =
  (limits: Partial<BrokerLimits>): CreateBroker =>
  (store) =>
    new Broker({ store, limits, system: { clock: new FakeClock(), randomId } });

/** One that is not told of what others commit. */
function deaf(store: Store): Store {
  return new Proxy(store, {
    get: (target, name: keyof Store) =>
      name === "follow" ? () => () => undefined : Reflect.get(target, name),
  });
}

async function createProcess(broker: Broker, id = "p"): Promise<void> {
  await broker.createProcess(sub, { id, executorId: "exe", channels: [{ name: "out" }] });
}

describe.each(memoryLimits)("two brokers over one store, $name", ({ limits }) => {
  const createBroker = brokersWithin(limits);

  it("refuse nothing for want of what the other has written, when a call before it is not written after all", async () => {
    const store = new MemoryStore();
    const faulty = new FaultyStore(store);
    const [slow, quick] = [createBroker(deaf(faulty.store)), createBroker(store)] as const;
    await createProcess(slow);
    const send = (broker: Broker, sequence: number): Promise<unknown> =>
      broker.append(exe, "p", "out", [{ sequence, payload: String(sequence) }], { producer: "a" });
    const full = new ChannelError("store_full", { reason: "full" });
    faulty.fail("append", new StoreRejection("refused", "full", { cause: full }));
    const hold = faulty.hold("append");
    const first = codeOf(send(slow, 1));
    await hold.reached;
    await send(quick, 1);
    const second = send(slow, 2);
    hold.release();
    expect(await first).toBe("store_full");
    await second;
    expect(await readAll(slow)).toEqual(["1", "2"]);
  });

  it("append to one channel as fast as they can: every entry once, each sender's in order, both see the same", async () => {
    const store = new MemoryStore();
    const brokers = [createBroker(store), createBroker(store)] as const;
    await createProcess(brokers[0]);
    const send = async (broker: Broker, caller: Caller): Promise<void> => {
      const pending: Promise<unknown>[] = [];
      for (let sequence = 1; sequence <= 500; sequence++) {
        pending.push(
          broker.append(
            caller,
            "p",
            "out",
            [{ sequence, payload: `${caller.identity}${sequence}` }],
            { producer: caller.identity },
          ),
        );
        if (sequence % 7 === 0) await Promise.all(pending.splice(0));
      }
      await Promise.all(pending);
    };
    await Promise.all([send(brokers[0], sub), send(brokers[1], exe)]);
    const log = await readAll(brokers[0]);
    expect(await readAll(brokers[1])).toEqual(log);
    for (const name of ["sub", "exe"]) {
      expect(log.filter((text) => text.startsWith(name))).toEqual(
        Array.from({ length: 500 }, (_, i) => `${name}${i + 1}`),
      );
    }
  });

  it("let a repeat through the other broker add nothing", async () => {
    const store = new MemoryStore();
    const [a, b] = [createBroker(store), createBroker(store)];
    await createProcess(a);
    const entry = [{ sequence: 1, payload: "x" }];
    const acks = await Promise.all(
      [a, b, a, b].map((broker) => broker.append(exe, "p", "out", entry, { producer: "one" })),
    );
    expect(acks.map(({ entries }) => entries[0]?.position)).toEqual([1, 1, 1, 1]);
    expect(await readAll(b)).toEqual(["x"]);
  });

  it("stop the old executor on the other broker once assign has returned", async () => {
    const store = new MemoryStore();
    const [a, b] = [createBroker(store), createBroker(store)];
    await createProcess(a);
    const outcomes: Promise<string>[] = [];
    let isAssigned = false;
    const flood = (async () => {
      for (let i = 0; !isAssigned || outcomes.length < 50; i++) {
        outcomes.push(codeOf(b.append(exe, "p", "out", [{ payload: `old ${i}` }], { term: 1 })));
        if (i % 5 === 0) await Promise.resolve();
      }
    })();
    await a.assign(sub, "p", { executorId: "new" });
    const before = await readAll(a);
    isAssigned = true;
    await flood;
    const codes = await Promise.all(outcomes);
    expect(await readAll(a)).toEqual(before);
    expect(codes.filter((code) => code === "none")).toHaveLength(before.length);
    expect(new Set(codes.filter((code) => code !== "none"))).toEqual(new Set(["executor_fenced"]));
  });

  it("end every reader behind the last entry, whichever broker closes while both append", async () => {
    const store = new MemoryStore();
    const [a, b] = [createBroker(store), createBroker(store)];
    await createProcess(a);
    const readers = await Promise.all(
      [a, b].map((broker) => broker.subscribe(sub, "p", "out", { after: "start" })),
    );
    const reading = readers.map(async (reader) => {
      const texts: string[] = [];
      for await (const item of reader) {
        if (item.kind === "entries")
          texts.push(...item.entries.map((entry) => utf8.decode(entry.payload)));
        else
          expect(item).toMatchObject({
            kind: "end",
            reason: "closed",
            outcome: { status: "success" },
          });
      }
      return texts;
    });
    const appends = [a, b].flatMap((broker, n) =>
      Array.from({ length: 100 }, (_, i) =>
        codeOf(broker.append(exe, "p", "out", [{ payload: `${n}.${i}` }])),
      ),
    );
    await Promise.all(appends.slice(0, 3));
    await b.closeProcess(sub, "p", { status: "success" });
    const codes = await Promise.all(appends);
    const [first, second] = await Promise.all(reading);
    expect(first).toEqual(second);
    expect(codes.filter((code) => code === "none")).toHaveLength(first?.length ?? -1);
    expect(codes.every((code) => code === "none" || code === "process_closed")).toBe(true);
  });

  it("finish an assign that the other one left unsettled", async () => {
    const store = new MemoryStore();
    const faulty = new FaultyStore(store);
    const [a, b] = [createBroker(faulty.store), createBroker(store)];
    await createProcess(b);
    await b.append(exe, "p", "out", [{ payload: "x" }]);
    faulty.fail("append", new StoreRejection("unavailable", "crash before the fence"));
    expect(await codeOf(a.assign(sub, "p", { executorId: "new" }))).toBe("unavailable");
    expect(await codeOf(b.append(exe, "p", "out", [{ payload: "late" }], { term: 1 }))).toBe(
      "executor_fenced",
    );
    const { term } = await b.assign(sub, "p", { executorId: "new" });
    await b.append({ identity: "new", isAdmin: false }, "p", "out", [{ payload: "new" }], { term });
    expect(await readAll(b)).toEqual(["x", "new"]);
  });

  it("leave an assign unsettled that was begun while they settled the one before", async () => {
    const store = new MemoryStore();
    const faulty = [new FaultyStore(store), new FaultyStore(store)] as const;
    const [a, b] = [createBroker(faulty[0].store), createBroker(faulty[1].store)];
    await createProcess(a);
    const settling = faulty[0].hold("updateRecord", { nth: 2 });
    const first = a.assign(sub, "p", { executorId: "new" });
    await settling.reached;
    const fencing = faulty[1].hold("append");
    const second = b.assign(sub, "p", { executorId: "newer" });
    await fencing.reached;
    settling.release();
    await first;
    expect((await store.readRecord("p"))?.record.settling).toMatchObject({ kind: "fence" });
    fencing.release();
    await second;
    expect((await store.readRecord("p"))?.record.settling).toBeUndefined();
  });
});

describe.each(memoryLimits)("a broker whose store fails, $name", ({ limits }) => {
  const createBroker = brokersWithin(limits);

  it("settles an append whose answer was lost by looking for it", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    await createProcess(broker);
    faulty.fail("append", new StoreRejection("unavailable", "answer lost"), { when: "after" });
    const ack = await broker.append(exe, "p", "out", [{ sequence: 1, payload: "x" }], {
      producer: "one",
    });
    expect(ack.entries[0]).toMatchObject({ position: 1, duplicate: false });
    expect(await readAll(broker)).toEqual(["x"]);
  });

  it("answers `unavailable`, never a refusal, while an append is in doubt, and a retry adds it once", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    await createProcess(broker);
    faulty.fail("append", new StoreRejection("unavailable", "lost"));
    const send = (): Promise<unknown> =>
      broker.append(exe, "p", "out", [{ sequence: 1, payload: "x" }], { producer: "one" });
    expect(await codeOf(send())).toBe("unavailable");
    await send();
    expect(await readAll(broker)).toEqual(["x"]);
  });

  it("does not write a second time, by itself, what is in doubt", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    await createProcess(broker);
    faulty.fail("append", new StoreRejection("unavailable", "lost"));
    expect(await codeOf(broker.append(exe, "p", "out", [{ payload: "doubtful" }]))).toBe(
      "unavailable",
    );
    await broker.append(exe, "p", "out", [{ payload: "next" }]);
    expect(await readAll(broker)).toEqual(["next"]);
  });

  it("refuses the calls of a refused batch, and judges those behind it anew", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    await createProcess(broker);
    const hold = faulty.hold("append");
    const full = new ChannelError("store_full", { reason: "test" });
    faulty.fail("append", new StoreRejection("refused", "full", { cause: full }), { nth: 1 });
    const send = (sequence: number): Promise<string> =>
      codeOf(
        broker.append(exe, "p", "out", [{ sequence, payload: `${sequence}` }], { producer: "one" }),
      );
    const first = send(1);
    await hold.reached;
    const second = send(2);
    const other = codeOf(broker.append(sub, "p", "out", [{ payload: "other" }]));
    hold.release();
    expect(await Promise.all([first, second, other])).toEqual([
      "store_full",
      "sequence_gap",
      "none",
    ]);
    expect(await readAll(broker)).toEqual(["other"]);
  });

  it("stops for good after a failed write: nothing is shown that is not durable, reads go on", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    await createProcess(broker);
    await broker.append(exe, "p", "out", [{ payload: "before" }]);
    faulty.fail("append", new StoreRejection("failed", "disk broke"));
    expect(await codeOf(broker.append(exe, "p", "out", [{ payload: "lost" }]))).toBe(
      "store_failed",
    );
    expect(broker.isReady()).toBe(false);
    expect(await codeOf(broker.append(exe, "p", "out", [{ payload: "after" }]))).toBe(
      "store_failed",
    );
    expect(await readAll(broker)).toEqual(["before"]);
  });

  it("says of a process whose logs cannot be opened that it is unavailable, and creates it when asked again", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    faulty.fail("append", new StoreRejection("unavailable", "lost"));
    expect(await codeOf(createProcess(broker))).toBe("unavailable");
    await createProcess(broker);
    expect(await readAll(broker)).toEqual([]);
  });

  it("shows nothing before the store has it", async () => {
    const faulty = new FaultyStore(new MemoryStore());
    const broker = createBroker(faulty.store);
    await createProcess(broker);
    const hold = faulty.hold("append");
    const appended = broker.append(exe, "p", "out", [{ payload: "x" }]);
    await hold.reached;
    expect(await readAll(broker)).toEqual([]);
    hold.release();
    await appended;
    expect(await readAll(broker)).toEqual(["x"]);
  });
});

describe.each(memoryLimits)(
  "any interleaving of senders, brokers, readers, faults, assigns and close, $name",
  ({ limits }) => {
    const createBroker = brokersWithin(limits);

    it("keeps positions for ever, adds every acknowledged entry once, and ends every reader", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ who: fc.nat(3), what: fc.nat(9), n: fc.nat(3) }), {
            minLength: 5,
            maxLength: 50,
          }),
          async (steps) => {
            const store = new MemoryStore();
            const faulty = [new FaultyStore(store), new FaultyStore(store)] as const;
            const brokers = [createBroker(faulty[0].store), createBroker(faulty[1].store)] as const;
            await createProcess(brokers[0]);
            const sequences = [0, 0, 0, 0];
            const acked = new Map<string, number>();
            const running: Promise<unknown>[] = [];
            const readers = await Promise.all(
              brokers.map((broker) => broker.subscribe(sub, "p", "out", { after: "start" })),
            );
            const seen = readers.map(async (reader) => {
              const texts: string[] = [];
              for await (const item of reader)
                if (item.kind === "entries")
                  texts.push(...item.entries.map((entry) => utf8.decode(entry.payload)));
              return texts;
            });
            const queues: Promise<unknown>[] = [0, 1, 2, 3].map(() => Promise.resolve());
            for (const { who, what, n } of steps) {
              const broker = brokers[(who + n) % 2] as Broker;
              if (what < 6) {
                const sequence = (sequences[who] = (sequences[who] ?? 0) + 1);
                const payload = `${who}.${sequence}`;
                // Each sender sends one after the other, and again whatever is retryable, through either broker.
                queues[who] = (queues[who] ?? Promise.resolve()).then(async () => {
                  for (let attempt = 0; ; attempt++) {
                    try {
                      const target = brokers[(who + n + attempt) % 2] as Broker;
                      const ack = await target.append(sub, "p", "out", [{ sequence, payload }], {
                        producer: `tab${who}`,
                      });
                      acked.set(payload, ack.entries[0]?.position ?? 0);
                      return;
                    } catch (error) {
                      if (!isChannelError(error, "unavailable") || attempt > 20) throw error;
                    }
                  }
                });
              } else if (what === 6)
                faulty[n % 2 === 0 ? 0 : 1].fail(
                  "append",
                  new StoreRejection("unavailable", "lost"),
                  { when: who % 2 === 0 ? "before" : "after" },
                );
              else if (what === 7)
                faulty[n % 2 === 0 ? 0 : 1].fail(
                  "append",
                  new StoreRejection("conflict", "spurious"),
                );
              else if (what === 8)
                running.push(codeOf(broker.assign(sub, "p", { executorId: `exe${n}` })));
              else await new Promise(setImmediate);
            }
            await Promise.all([...queues, ...running]);
            for (
              let attempt = 0;
              attempt < 20 &&
              (await codeOf(brokers[0].closeProcess(sub, "p", { status: "success" }))) !== "none";
              attempt++
            );
            const log = await readAll(brokers[1]);
            expect(await Promise.all(seen)).toEqual([log, log]);
            expect(new Set(log).size).toBe(log.length);
            for (const [payload, position] of acked) expect(log[position - 1]).toBe(payload);
            expect(acked.size).toBe(log.length);
            for (const who of [0, 1, 2, 3]) {
              const own = log.filter((text) => text.startsWith(`${who}.`));
              expect(own).toEqual(own.map((_, i) => `${who}.${i + 1}`));
            }
          },
        ),
        { numRuns: runCount(200, 2_000) },
      );
    });
  },
);

import { expect } from "vitest";
import { Broker } from "../src/core/broker/broker.ts";
import type { Caller } from "../src/core/broker/caller.ts";
import type { AuditEvent, ReadResult, StartAt } from "../src/core/broker/views.ts";
import type { EntryInput, MsgEntry } from "../src/core/entry.ts";
import { isChannelError } from "../src/core/errors.ts";
import type { ErrorCode } from "../src/core/errors.ts";
import type { BrokerLimits } from "../src/core/limits.ts";
import type { ChannelSpec } from "../src/core/process-record.ts";
import { randomId } from "../src/core/system.ts";
import { MemoryStore } from "../src/stores/memory/memory-store.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { FaultyStore } from "../src/testing/faulty-store.ts";

export const sub: Caller = { identity: "sub", isAdmin: false };
export const exe: Caller = { identity: "exe", isAdmin: false };
export const other: Caller = { identity: "other", isAdmin: false };
export const admin: Caller = { identity: "root", isAdmin: true };

export interface World {
  readonly broker: Broker;
  readonly clock: FakeClock;
  readonly store: MemoryStore;
  readonly audit: AuditEvent[];
}

export function createWorld(
  limits: Partial<BrokerLimits> = {},
  store = new MemoryStore(),
  clock = new FakeClock(),
): World {
  const audit: AuditEvent[] = [];
  const onError = (error: unknown): never => {
    throw error;
  };
  const broker = new Broker({
    store,
    limits,
    system: { clock, randomId },
    onError,
    onAudit: (event) => audit.push(event),
  });
  return { broker, clock, store, audit };
}

/** A broker over a store that can be made to fail or to wait; `stages` are those of the failures that it reported. */
export function createFaulty(limits: Partial<BrokerLimits> = {}): {
  readonly broker: Broker;
  readonly clock: FakeClock;
  readonly store: MemoryStore;
  readonly faulty: FaultyStore;
  readonly stages: readonly string[];
} {
  const store = new MemoryStore();
  const faulty = new FaultyStore(store);
  const clock = new FakeClock();
  const stages: string[] = [];
  const broker = new Broker({
    store: faulty.store,
    limits,
    system: { clock, randomId },
    onError: (_error, { stage }) => stages.push(stage),
  });
  return { broker, clock, store, faulty, stages };
}

/** Limits of what a broker keeps in memory: nothing that it knows may depend on them. */
export const memoryLimits: readonly {
  readonly name: string;
  readonly limits: Partial<BrokerLimits>;
}[] = [
  { name: "as usual", limits: {} },
  {
    name: "with little memory",
    limits: { windowBytesMax: 300, pageBytesMax: 1_200, openChannelsMax: 1, readEntriesMax: 7 },
  },
  {
    name: "with no memory",
    limits: { windowBytesMax: 0, pageBytesMax: 0, openChannelsMax: 0 },
  },
];

/** `createWorld` with some limits decided beforehand. */
export function worldsWithin(memory: Partial<BrokerLimits>): typeof createWorld {
  return (limits, store, clock) => createWorld({ ...memory, ...limits }, store, clock);
}

export async function createRunning(
  world: Pick<World, "broker">,
  channel: Partial<ChannelSpec> = {},
): Promise<void> {
  await world.broker.createProcess(sub, {
    id: "p",
    executorId: "exe",
    channels: [{ name: "out", ...channel }],
  });
}

export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | "none"> {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (isChannelError(error)) return error.code;
    throw error;
  }
}

/** Lets time pass in steps, each with time for what it set off. */
export async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    clock.advance(1_000);
    await new Promise(setImmediate);
  }
}

export const text = (entry: MsgEntry): string => new TextDecoder().decode(entry.payload);
export const inputs = (...payloads: string[]): EntryInput[] =>
  payloads.map((payload) => ({ payload }));

/** The texts of a channel, from the oldest kept entry to the last; positions are dense. */
export async function readAll(
  broker: Broker,
  caller: Caller = sub,
  processId = "p",
): Promise<string[]> {
  const entries: MsgEntry[] = [];
  for (let after: StartAt = "start"; ;) {
    const page: ReadResult = await broker.read(caller, processId, "out", { after });
    entries.push(...page.entries);
    after = page.cursor;
    if (after.position >= page.last) break;
  }
  const first = entries[0]?.position ?? 1;
  entries.forEach(({ position }, index) => expect(position).toBe(first + index));
  return entries.map(text);
}

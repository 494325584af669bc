import type { Broker } from "../../src/core/broker/broker.ts";
import type { Caller } from "../../src/core/broker/caller.ts";
import { isChannelError } from "../../src/core/errors.ts";
import type { ChannelError, ErrorCode } from "../../src/core/errors.ts";
import { pause } from "../../src/core/system.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import type { FakeClock } from "../../src/testing/fake-clock.ts";
import type { HistoryEvent } from "../../src/testing/history-events.ts";
import { NodeStopped } from "./cluster-node.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { ClusterTruth } from "./cluster-truth.ts";
import type { SentCalls } from "./sent-calls.ts";
import type { SeededScheduler } from "./seeded-scheduler.ts";

export const submitter: Caller = { identity: "sub", isAdmin: false };

/** What clients of a cluster share, though not what they know of it. */
export interface ClusterWorld {
  readonly random: (below: number) => number;
  readonly scheduler: SeededScheduler;
  /** Time of those who use the cluster. */
  readonly clock: FakeClock;
  readonly truth: ClusterTruth;
  readonly calls: SentCalls;
  /** Deposed leaders answer in this history: nothing negative need be true. */
  readonly mayBeStale: boolean;
  /** Each producer's name takes much room, so that heads do as well. */
  readonly hasLargeHeads: boolean;
  /** A random node that takes calls, if there is one. */
  pickNode(): ClusterNode | undefined;
  observe(event: HistoryEvent): void;
  note(what: string): void;
  nextName(prefix: string): string;
}

/** What a client hears of a call; `inDoubt`, it may have been done or may yet be. */
export type Answer<Value> =
  | { readonly kind: "done"; readonly value: Value }
  | { readonly kind: "refused"; readonly error: ChannelError }
  | { readonly kind: "inDoubt" };

const patienceMs = 4_000;
const retryMs = 200;

/** The server does not say whether it was done. */
const doubtful: readonly ErrorCode[] = ["unavailable", "store_failed", "shutting_down"];

/** Makes a call through a random node, and gives it up when it takes too long, or the node stops. */
export async function ask<Value>(
  world: ClusterWorld,
  call: (broker: Broker, node: ClusterNode) => Promise<Value>,
): Promise<Answer<Value>> {
  const node = world.pickNode();
  if (node === undefined) {
    await pass(world, retryMs);
    return { kind: "inDoubt" };
  }
  const timeout = createTimeout(world, patienceMs);
  try {
    const value = await Promise.race([call(node.broker, node), node.stopped, timeout.promise]);
    return { kind: "done", value };
  } catch (error) {
    if (error instanceof NodeStopped) return { kind: "inDoubt" };
    if (!isChannelError(error)) throw error;
    if (!doubtful.includes(error.code)) return { kind: "refused", error };
    return { kind: "inDoubt" };
  } finally {
    timeout.cancel();
  }
}

/** A call that may be made again, until it is answered or was tried often. */
export async function askUntilAnswered<Value>(
  world: ClusterWorld,
  call: (broker: Broker, node: ClusterNode) => Promise<Value>,
  attemptsMax = 5,
): Promise<Answer<Value>> {
  let answer: Answer<Value> = { kind: "inDoubt" };
  for (let attempt = 0; attempt < attemptsMax && answer.kind === "inDoubt"; attempt++) {
    if (attempt > 0) await pass(world, world.random(retryMs));
    answer = await ask(world, call);
  }
  return answer;
}

/** Time that a client waits. */
export function pass(world: ClusterWorld, ms: number): Promise<void> {
  return pause(world.clock, ms);
}

export function fail(problem: string): never {
  throw new SuiteFailure(problem);
}

function createTimeout(
  world: ClusterWorld,
  ms: number,
): { readonly promise: Promise<never>; cancel(): void } {
  let cancel = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    const timer = world.clock.after(ms, () => reject(new NodeStopped("gave up")));
    cancel = () => timer.cancel();
  });
  promise.catch(() => undefined);
  return { promise, cancel };
}

import type { ClosedProcess, ClosedProcesses } from "../store.ts";
import type { BrokerContext } from "./broker-context.ts";
import type { OpenProcess } from "./open-process.ts";
import type { ProcessRegistry } from "./process-registry.ts";
import type { Settlement } from "./settlement.ts";

/** Above this part of the byte limit closed processes go before their time, the oldest first … */
const fullAbove = 0.9;
/** … until it is down to this part. */
const fullUntil = 0.8;

/** So long after their time a node without the lease looks after closed processes: nearly all are gone by then. */
const overdueMs = 600_000;

type TakeNext = () => ReturnType<ClosedProcesses["takeFirst"]>;

/** Looks after what nobody asks for: lost executors, unsettled changes, expired and superfluous processes. */
export class Caretaker {
  readonly #context: BrokerContext;
  readonly #registry: ProcessRegistry;
  readonly #settlement: Settlement;
  #timer: { cancel(): void } | undefined;
  #round: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(context: BrokerContext, registry: ProcessRegistry, settlement: Settlement) {
    this.#context = context;
    this.#registry = registry;
    this.#settlement = settlement;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#timer = this.#context.system.clock.after(this.#context.limits.sweepIntervalMs, () => {
      this.#round = this.sweep().finally(() => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#round;
  }

  /** One round. A process that cannot be dealt with now does not keep the others from it. */
  async sweep(): Promise<void> {
    this.#context.channels.closeIdle();
    // Nothing could be done about any process, and each of them would be reported in each round.
    if (this.#context.store.isCutOff?.() === true) return;
    await this.#registry.useEach(async (process) => {
      if (this.#isStopped) return;
      process.rates.forgetRested();
      await this.#finish(process).catch((error: unknown) => this.#report(error));
    });
    const { clock } = this.#context.system;
    const { closed } = this.#registry;
    const expiredAt = clock.now() - this.#context.limits.closedProcessAgeMs;
    if (this.#context.store.holdsSweepLease?.() === false) {
      await this.#deleteClosed(() => closed.takeFirst(expiredAt - overdueMs));
      return;
    }
    for (const id of this.#context.unclosed.withLostExecutor()) {
      if (this.#isStopped) return;
      await this.#closeLost(id).catch((error: unknown) => this.#report(error));
    }
    await this.#deleteClosed(() => closed.takeFirst(expiredAt));
    await this.#makeRoom();
  }

  async #finish(process: OpenProcess): Promise<void> {
    const { settling } = process.record;
    if (settling === undefined) return;
    const now = process.now();
    if (now - settling.since >= this.#context.limits.unsettledAgeMs || now < settling.since)
      await this.#settlement.finish(process);
  }

  async #closeLost(processId: string): Promise<void> {
    await this.#registry.useIfAny(processId, async (process) => {
      // What is not settled is finished first. The executor may have been heard since.
      if (process === undefined || process.record.settling !== undefined) return;
      if (this.#context.unclosed.isExecutorLost(processId))
        await this.#settlement.close(process, { status: "failed", error: "executor_lost" });
    });
  }

  async #makeRoom(): Promise<void> {
    const { store, limits } = this.#context;
    if (store.keptBytes() <= limits.storeBytesMax * fullAbove) return;
    await this.#deleteClosed(() =>
      store.keptBytes() > limits.storeBytesMax * fullUntil
        ? this.#registry.closed.takeFirst(Infinity)
        : undefined,
    );
  }

  /** Deletes closed processes until there is no next one; what failed is tried again in the next round. */
  async #deleteClosed(takeNext: TakeNext): Promise<void> {
    const failed: ClosedProcess[] = [];
    while (!this.#isStopped) {
      const closed = await this.#take(takeNext);
      if (closed === undefined) break;
      try {
        await this.#delete(closed);
      } catch (error) {
        failed.push(closed);
        this.#report(error);
      }
    }
    for (const closed of failed) this.#registry.closed.add(closed);
  }

  async #take(takeNext: TakeNext): Promise<ClosedProcess | undefined> {
    try {
      return await takeNext();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  async #delete({ id, closedAt }: ClosedProcess): Promise<void> {
    await this.#registry.useIfAny(id, async (process) => {
      // It may have been deleted, and created again, since.
      if (process?.record.closedAt === closedAt) await this.#settlement.delete(process);
    });
  }

  #report(error: unknown): void {
    this.#context.reportError(error, "sweep");
  }
}

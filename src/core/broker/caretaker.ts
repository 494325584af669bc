import type { OpenProcess } from "./open-process.ts";
import type { BrokerContext } from "./open-process.ts";
import type { ProcessRegistry } from "./process-registry.ts";
import type { Settlement } from "./settlement.ts";

/** Above this part of the byte limit closed processes go before their time, the oldest first … */
const fullAbove = 0.9;
/** … until it is down to this part. */
const fullUntil = 0.8;

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
    for (const process of [...this.#registry.all]) {
      if (this.#isStopped) return;
      try {
        await this.#lookAfter(process);
      } catch (error) {
        this.#context.reportError(error, "sweep");
      }
    }
    await this.#makeRoom();
  }

  async #lookAfter(process: OpenProcess): Promise<void> {
    const { settling, closedAt } = process.record;
    const now = process.now();
    if (settling !== undefined) {
      if (now - settling.since >= this.#context.limits.unsettledAgeMs || now < settling.since)
        await this.#settlement.finish(process);
    } else if (process.isExecutorLost()) {
      await this.#settlement.close(process, { status: "failed", error: "executor_lost" });
    } else if (
      closedAt !== undefined &&
      now - closedAt >= this.#context.limits.closedProcessAgeMs
    ) {
      await this.#settlement.delete(process);
    }
  }

  async #makeRoom(): Promise<void> {
    const { store, limits } = this.#context;
    if (store.keptBytes() <= limits.storeBytesMax * fullAbove) return;
    const closed = [...this.#registry.all].filter(({ record }) => record.closedAt !== undefined);
    closed.sort((a, b) => (a.record.closedAt ?? 0) - (b.record.closedAt ?? 0));
    for (const process of closed) {
      if (this.#isStopped || store.keptBytes() <= limits.storeBytesMax * fullUntil) return;
      try {
        await this.#settlement.delete(process);
      } catch (error) {
        this.#context.reportError(error, "sweep");
      }
    }
  }
}

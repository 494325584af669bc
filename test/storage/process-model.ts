import type { ProcessRecord } from "../../src/core/process-record.ts";
import type { StoredRecord } from "../../src/core/store.ts";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { LogModel } from "./log-model.ts";
import type { ObservedStore } from "./observed-store.ts";

const channels = ["in", "out"];

/** Whether the store has to give a process that is open a new epoch: it may have lost what it has shown. */
export type Renewal = "forbidden" | "allowed" | "required";

/** What clients know of one process id, over all its lives. */
export class ProcessModel {
  readonly id: string;
  record: StoredRecord | undefined;
  logs: readonly LogModel[] = [];
  isDeleting = false;
  isEnding = false;
  renewal: Renewal = "forbidden";
  readonly #lives = new Map<string, readonly LogModel[]>();
  /** All that it was seen with; the first is that of `createSampleRecord`. */
  readonly #epochs = new Set(["epoch1"]);

  constructor(id: string) {
    this.id = id;
  }

  /** Logs of lives that are over: they have to stay gone. */
  get oldLogs(): readonly LogModel[] {
    return [...this.#lives.values()].filter((logs) => logs !== this.logs).flat();
  }

  /** The next life, with logs of its own. */
  beginLife(): string {
    const life = `${this.id}-life${this.#lives.size + 1}`;
    this.#goOn(channels.map((channel) => new LogModel({ life, processId: this.id, channel })));
    this.#lives.set(life, this.logs);
    return life;
  }

  /** After an opening: what was known may be lost where `renewal` says so. */
  async look(store: ObservedStore): Promise<void> {
    const { renewal } = this;
    let isRewritten = false;
    this.record = await store.readRecord(this.id, ({ epoch }) => {
      isRewritten = renewal !== "forbidden" && !this.#epochs.has(epoch);
      return isRewritten;
    });
    const record = this.record?.record;
    this.renewal = "forbidden";
    if (record !== undefined) this.#checkEpoch(record, renewal, isRewritten);
    if (renewal === "forbidden") return;
    const logs = this.#lives.get(record?.life ?? "");
    for (const its of this.#lives.values())
      if (isRewritten || its !== logs)
        for (const log of its) store.changeEpoch(log, record?.epoch ?? "none");
    // A life that is lost is not lived again: what comes next is another one.
    if (logs === undefined) for (const log of this.logs) log.state = "gone";
    else if (logs !== this.logs) this.#goOn(logs, true);
  }

  /** Reads the record while nobody may have changed its epoch. */
  async readRecord(store: ObservedStore): Promise<void> {
    this.record = await store.readRecord(this.id, () => false);
    const record = this.record?.record;
    if (record !== undefined) this.#checkEpoch(record, "forbidden", false);
  }

  #goOn(logs: readonly LogModel[], isDeleting = false): void {
    this.logs = logs;
    this.isDeleting = isDeleting;
    this.isEnding = false;
  }

  #checkEpoch({ epoch, state }: ProcessRecord, renewal: Renewal, isNew: boolean): void {
    const mustBeNew = renewal === "required" && state !== "closed";
    if (mustBeNew && !isNew)
      throw new SuiteFailure(`process ${this.id} has its old epoch after a loss`);
    if (!isNew && !this.#epochs.has(epoch))
      throw new SuiteFailure(`process ${this.id} has the epoch ${epoch}, and nothing was lost`);
    if (isNew && state === "closed")
      throw new SuiteFailure(`process ${this.id} has a new epoch, though it has ended`);
    this.#epochs.add(epoch);
  }
}

import type { ChannelSubscription } from "../../src/core/broker/channel-subscription.ts";
import type { SubscriptionItem } from "../../src/core/broker/views.ts";
import type { ProcessRecord } from "../../src/core/process-record.ts";
import { NodeStopped } from "./cluster-node.ts";
import type { ClusterNode } from "./cluster-node.ts";
import { logName, seenEntries } from "./cluster-truth.ts";
import { ask, fail, pass, submitter } from "./cluster-world.ts";
import type { ClusterWorld } from "./cluster-world.ts";

interface Reading {
  readonly subscription: ChannelSubscription;
  readonly node: ClusterNode;
}

/** Longest time for which it stays on a node without news. */
const stayMs = 3_000;
const pauseMs = 500;

/** Reads a channel for ever, from one node and then from another, with what it has seen as its cursor. */
export class ClusterReader {
  readonly #world: ClusterWorld;
  readonly #name: string;
  readonly #processId: string;
  readonly #channel: string;
  #epoch: string | undefined;
  #position = 0;
  #hasEnded = false;
  /** Stays where it is: what it misses there must come by itself. */
  mayMove = true;

  constructor(world: ClusterWorld, name: string, processId: string, channel: string) {
    this.#world = world;
    this.#name = name;
    this.#processId = processId;
    this.#channel = channel;
  }

  /** What it lacks of all that there is, in words. */
  lackOf(record: ProcessRecord): string | undefined {
    if (record.id !== this.#processId) return undefined;
    const log = logName(record.id, record.epoch, this.#channel);
    const head = this.#world.truth.headOf(log);
    const isThere = this.#epoch === record.epoch && this.#position === head?.last;
    if (isThere && (head.seal === undefined || this.#hasEnded)) return undefined;
    const what = this.#hasEnded ? "which has ended, " : "";
    return `${this.#name}, ${what}is at ${this.#position} of ${this.#epoch}, not at the end of ${log}: ${head?.last}`;
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const after =
        this.#epoch === undefined ? "start" : { epoch: this.#epoch, position: this.#position };
      const answer = await ask(this.#world, async (broker, node) => ({
        subscription: await broker.subscribe(submitter, this.#processId, this.#channel, { after }),
        node,
      }));
      if (answer.kind === "done") await this.#read(answer.value, isOver);
      await pass(this.#world, this.#world.random(pauseMs));
    }
  }

  /** Until it moves on. */
  async #read({ subscription, node }: Reading, isOver: () => boolean): Promise<void> {
    const { random } = this.#world;
    const { epoch, position } = subscription.cursor;
    // From 0 is from the oldest entry that is kept.
    if (this.#epoch === undefined || (this.#epoch === epoch && this.#position === 0))
      this.#begin(epoch, position);
    try {
      while (!isOver()) {
        const item = await this.#next(subscription, node);
        if (item === "stopped") return;
        if (item === undefined) {
          if (this.mayMove && random(3) === 0) return;
        } else if (!this.#take(item)) return;
        else if (this.mayMove && random(10) === 0) return;
      }
    } finally {
      subscription.close();
    }
  }

  async #next(
    subscription: ChannelSubscription,
    node: ClusterNode,
  ): Promise<SubscriptionItem | "stopped" | undefined> {
    const { clock, random } = this.#world;
    const leave = new AbortController();
    const timer = clock.after(random(stayMs), () => leave.abort());
    try {
      return await Promise.race([subscription.next({ signal: leave.signal }), node.stopped]);
    } catch (error) {
      if (error instanceof NodeStopped) return "stopped";
      if (leave.signal.aborted) return undefined;
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Whether it goes on. */
  #take(item: SubscriptionItem): boolean {
    const { epoch, position } = item.cursor;
    if (item.kind === "gap" && item.reason === "epoch") {
      this.#begin(epoch, position);
      return true;
    }
    const log = logName(this.#processId, epoch, this.#channel);
    const read = { kind: "readAnswered", log, client: this.#name, after: this.#position } as const;
    if (item.kind === "entries") {
      this.#world.observe({ ...read, entries: seenEntries(item.entries), isEnd: false });
    } else if (item.kind === "gap") {
      if (item.reason === "ahead" && this.#world.mayBeStale) return false;
      if (item.reason !== "trimmed") fail(`${this.#name} has a gap: ${item.reason}`);
      this.#world.observe({ ...read, entries: [], isEnd: false, gap: item });
    } else return this.#takeEnd(item, log, read);
    this.#position = position;
    return true;
  }

  #takeEnd(
    { reason, error }: Extract<SubscriptionItem, { kind: "end" }>,
    log: string,
    read: {
      readonly kind: "readAnswered";
      readonly log: string;
      readonly client: string;
      readonly after: number;
    },
  ): boolean {
    const head = this.#world.truth.headOf(log);
    if (reason === "closed") {
      if (head?.seal === undefined || head.last !== this.#position)
        fail(`${this.#name} ended at ${this.#position} of ${log}, which ends at ${head?.last}`);
      this.#world.observe({ ...read, entries: [], isEnd: true });
      this.#hasEnded = true;
    } else if (reason === "deleted") {
      if (head?.isDeleted !== true && !this.#world.mayBeStale)
        fail(`${this.#name} was told that ${log} is deleted`);
    } else if (reason === "revoked") fail(`${this.#name} may not read ${log} any more`);
    else if (reason === "failed" && error?.code !== "unavailable")
      fail(`${this.#name} failed to read ${log}: ${String(error)}`);
    return false;
  }

  #begin(epoch: string, position: number): void {
    this.#epoch = epoch;
    this.#position = position;
    this.#hasEnded = false;
  }
}

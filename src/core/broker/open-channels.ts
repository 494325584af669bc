import { ChannelError } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ResolvedChannelSpec } from "../process-record.ts";
import type { Clock } from "../system.ts";
import { OpenChannel } from "./open-channel.ts";
import type { OpenProcess } from "./open-process.ts";
import { UseCount } from "./use-count.ts";

interface Slot {
  readonly key: string;
  readonly process: OpenProcess;
  readonly uses: UseCount;
  readonly opened: Promise<OpenChannel>;
  /** Once it is open. */
  channel: OpenChannel | undefined;
  unusedSinceMs: number;
  weight: number;
}

/** A head with that many producers takes about as much memory as the rest of an open channel. */
const producersPerWeight = 16;

/**
 * The open channels of a broker. Each is opened once, however many ask for it, and stays while anybody
 * uses it: only what is unused is closed, in one turn, so there are never two of one log.
 */
export class OpenChannels {
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();
  /** Longest unused first. */
  readonly #unused = new Set<Slot>();
  #unusedWeight = 0;
  #isDisposed = false;

  constructor(limits: BrokerLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Those in memory, used or not. */
  get size(): number {
    return this.#slots.size;
  }

  /** Runs work with the channel open. Errors: `process_not_found` after its delete, and those of opening. */
  async use<Result>(
    process: OpenProcess,
    spec: ResolvedChannelSpec,
    work: (channel: OpenChannel) => Promise<Result> | Result,
  ): Promise<Result> {
    const slot = this.#enter(process, spec);
    try {
      return await work(await slot.opened);
    } finally {
      slot.uses.leave();
    }
  }

  /** Runs work with all channels of a process open. Errors: as `use`. */
  async useAll<Result>(
    process: OpenProcess,
    work: (channels: readonly OpenChannel[]) => Promise<Result> | Result,
  ): Promise<Result> {
    const slots = process.record.channels.map((spec) => this.#enter(process, spec));
    try {
      return await work(await Promise.all(slots.map(({ opened }) => opened)));
    } finally {
      for (const { uses } of slots) uses.leave();
    }
  }

  /** Closes what nobody has used for long. */
  closeIdle(): void {
    const until = this.#clock.monotonicMs() - this.#limits.channelIdleMs;
    for (const slot of this.#unused) {
      if (slot.unusedSinceMs > until) return;
      this.#close(slot);
    }
  }

  /** Closes the channels of a deleted process, whoever uses them. */
  closeAll({ record }: OpenProcess): void {
    for (const { name } of record.channels) {
      const slot = this.#slots.get(keyOf(record.life, name));
      if (slot !== undefined) this.#close(slot);
    }
  }

  /** Closes all of them, those in use when they no longer are. */
  dispose(): void {
    this.#isDisposed = true;
    this.#closeExcess();
  }

  #enter(process: OpenProcess, spec: ResolvedChannelSpec): Slot {
    const { id: processId, life } = process.record;
    // Its logs are removed: opening one would begin it anew.
    if (process.isForgotten) throw new ChannelError("process_not_found", { processId });
    const slot = this.#slots.get(keyOf(life, spec.name)) ?? this.#open(process, spec);
    slot.uses.enter();
    return slot;
  }

  #open(process: OpenProcess, spec: ResolvedChannelSpec): Slot {
    const uses = new UseCount((isUsed) => (isUsed ? this.#takeUp(slot) : this.#setAside(slot)));
    const slot: Slot = {
      key: keyOf(process.record.life, spec.name),
      process,
      uses,
      opened: OpenChannel.open(process, spec, uses),
      channel: undefined,
      unusedSinceMs: 0,
      weight: 0,
    };
    this.#slots.set(slot.key, slot);
    process.uses.enter();
    slot.opened.then(
      (channel) => {
        if (this.#has(slot)) slot.channel = channel;
        else channel.dispose();
      },
      () => this.#close(slot),
    );
    this.#closeExcess();
    return slot;
  }

  #takeUp(slot: Slot): void {
    if (this.#unused.delete(slot)) this.#unusedWeight -= slot.weight;
  }

  #setAside(slot: Slot): void {
    if (!this.#has(slot)) return;
    slot.unusedSinceMs = this.#clock.monotonicMs();
    slot.weight = 1 + Math.floor((slot.channel?.head.producers.size ?? 0) / producersPerWeight);
    this.#unused.add(slot);
    this.#unusedWeight += slot.weight;
    this.#closeExcess();
  }

  #closeExcess(): void {
    const limit = this.#isDisposed ? 0 : this.#limits.openChannelsMax;
    for (const slot of this.#unused) {
      if (this.#slots.size - this.#unused.size + this.#unusedWeight <= limit) return;
      this.#close(slot);
    }
  }

  #close(slot: Slot): void {
    if (!this.#has(slot)) return;
    this.#takeUp(slot);
    this.#slots.delete(slot.key);
    slot.channel?.dispose();
    slot.process.uses.leave();
  }

  #has(slot: Slot): boolean {
    return this.#slots.get(slot.key) === slot;
  }
}

function keyOf(life: string, channel: string): string {
  return `${life}\n${channel}`;
}

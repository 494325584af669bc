import { ChannelError } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { ProcessState } from "../process-record.ts";
import { RateLimiter } from "../rate-limiter.ts";
import type { Clock } from "../system.ts";

interface Buckets {
  readonly entries: RateLimiter;
  readonly repeats: RateLimiter;
}

/** Identities whose rates are kept; more than that have not all been here lately. */
const sendersMax = 1_000;

/** How much each sender of one process may still send. */
export class SenderRates {
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  /** Undefined while nobody has sent lately: most processes are silent. */
  #senders: Map<string, Buckets> | undefined;

  constructor(limits: BrokerLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Errors: `rate_limit_exceeded`. */
  require(identity: string, count: number): void {
    const { entries } = this.#bucketsOf(identity);
    if (!entries.canAllow(count)) throw exceeded(entries, count);
  }

  take(identity: string, count: number): void {
    this.#bucketsOf(identity).entries.allowMany(count);
  }

  /** Errors: `rate_limit_exceeded`. */
  takeRepeats(identity: string, count: number): void {
    const { repeats } = this.#bucketsOf(identity);
    if (!repeats.allowMany(count)) throw exceeded(repeats, count);
  }

  /** Lets go of senders who may send as much as one who never did. */
  forgetRested(): void {
    if (this.#senders === undefined) return;
    const { entryBurst, repeatBurst } = this.#limits;
    for (const [identity, { entries, repeats }] of this.#senders) {
      if (entries.canAllow(entryBurst) && repeats.canAllow(repeatBurst))
        this.#senders.delete(identity);
    }
    if (this.#senders.size === 0) this.#senders = undefined;
  }

  /** Whether to forget all senders gives none of them more. A closed process takes nothing but repeats. */
  isRested(state: ProcessState): boolean {
    const { entryBurst, repeatBurst } = this.#limits;
    return [...(this.#senders?.values() ?? [])].every(
      ({ entries, repeats }) =>
        repeats.canAllow(repeatBurst) && (state === "closed" || entries.canAllow(entryBurst)),
    );
  }

  #bucketsOf(identity: string): Buckets {
    this.#senders ??= new Map();
    let buckets = this.#senders.get(identity);
    if (buckets === undefined) {
      const { entryBurst, entriesPerSecond, repeatBurst, repeatsPerSecond } = this.#limits;
      const options = { clock: this.#clock };
      buckets = {
        entries: new RateLimiter(entryBurst, entriesPerSecond, options),
        repeats: new RateLimiter(repeatBurst, repeatsPerSecond, options),
      };
      if (this.#senders.size >= sendersMax)
        this.#senders.delete(this.#senders.keys().next().value ?? "");
      this.#senders.set(identity, buckets);
    }
    return buckets;
  }
}

function exceeded(bucket: RateLimiter, count: number): ChannelError {
  return new ChannelError("rate_limit_exceeded", { retryAfterMs: bucket.retryAfterMs(count) });
}

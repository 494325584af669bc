import { systemClock } from "./system.ts";
import type { Clock } from "./system.ts";

/**
 * Token bucket: starts full, refills by time, fractions kept. `refillRate` is in tokens per second;
 * 0 never refills. Measured on the monotonic clock, so wall time may jump.
 */
export class RateLimiter {
  readonly #maxTokens: number;
  readonly #refillPerMs: number;
  readonly #clock: Pick<Clock, "monotonicMs">;
  #tokens: number;
  #refilledAtMs: number;

  constructor(
    maxTokens: number,
    refillRate: number,
    { clock = systemClock }: { readonly clock?: Pick<Clock, "monotonicMs"> } = {},
  ) {
    if (!(maxTokens >= 0)) throw new RangeError(`maxTokens must be at least 0, got ${maxTokens}`);
    if (!(refillRate >= 0))
      throw new RangeError(`refillRate must be at least 0, got ${refillRate}`);
    this.#maxTokens = maxTokens;
    this.#refillPerMs = refillRate / 1000;
    this.#clock = clock;
    this.#tokens = maxTokens;
    this.#refilledAtMs = clock.monotonicMs();
  }

  /** Takes one token, or returns false and takes none. */
  allow(): boolean {
    return this.allowMany(1);
  }

  /** Takes all of `count` tokens, or returns false and takes none. */
  allowMany(count: number): boolean {
    if (!this.canAllow(count)) return false;
    this.#tokens -= count;
    return true;
  }

  /** Whether `count` tokens are there now; takes none. */
  canAllow(count: number): boolean {
    if (this.#tokens < count || this.#refillPerMs === 0) this.#refill();
    return this.#tokens >= count;
  }

  /** Returns tokens of work that was refused for another reason after they were taken. */
  giveBack(count: number): void {
    this.#tokens = Math.min(this.#maxTokens, this.#tokens + count);
  }

  /** Level as of the last refill. */
  tokens(): number {
    return this.#tokens;
  }

  /** Milliseconds until `count` tokens will be there, or Infinity if they never will. */
  retryAfterMs(count: number): number {
    const missing = count - this.#tokens;
    if (missing <= 0) return 0;
    if (count > this.#maxTokens || this.#refillPerMs === 0) return Infinity;
    return Math.ceil(missing / this.#refillPerMs);
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = Math.max(0, nowMs - this.#refilledAtMs);
    this.#refilledAtMs = nowMs;
    this.#tokens = Math.min(this.#maxTokens, this.#tokens + elapsedMs * this.#refillPerMs);
  }
}

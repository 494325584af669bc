import { unavailable } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import { RateLimiter } from "../rate-limiter.ts";
import type { Clock } from "../system.ts";

/** The same question is not asked of the store again within this time. */
const sameQuestionMs = 1_000;
/**
 * But these are, each time: a sender takes them for the loss of what was acknowledged, which may have been
 * after the last look.
 */
export const aboutOwnEntries: readonly ErrorCode[] = ["sequence_gap", "producer_unknown"];
/** Fresh looks of one identity, at once and per second: for one who may not do what he asks for, … */
const strangerLooks = { burst: 50, perSecond: 10 };
/** … and for one who may, and goes from node to node. */
const memberLooks = { burst: 2_000, perSecond: 1_000 };
/** Questions and identities that are remembered. */
const rememberedMax = 10_000;

interface Look {
  readonly atMs: number;
  underWay: Promise<void> | undefined;
}

/**
 * A refusal that rests on what this node knows may be out of date where others write, too: it is given only
 * after a fresh look at the store. Strangers must not spend the store's time by being refused.
 */
export class FreshLooks {
  readonly #clock: Clock;
  readonly #looks = new Map<string, Look>();
  readonly #budgets = new Map<string, RateLimiter>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks again before the answer to this question. False where that was done a moment ago; one who asks while
   * it is done waits for it. Errors: those of `look`, and `unavailable` for an identity that has caused too
   * many.
   */
  async look(
    identity: string,
    code: ErrorCode,
    question: string,
    look: () => Promise<void>,
  ): Promise<boolean> {
    const now = this.#clock.monotonicMs();
    const key = `${identity}\n${code}\n${question}`;
    const last = this.#looks.get(key);
    const isRecent = last !== undefined && now - last.atMs < sameQuestionMs;
    if (isRecent && !aboutOwnEntries.includes(code)) {
      const { underWay } = last;
      await underWay;
      return underWay !== undefined;
    }
    const isStranger =
      code === "unauthorized" || code === "forbidden" || code === "executor_fenced";
    if (!this.#budgetOf(identity, isStranger).allow())
      throw unavailable("too many requests were refused: none is looked into for a moment");
    const next: Look = { atMs: now, underWay: look() };
    remember(this.#looks, key, next);
    try {
      await next.underWay;
    } catch (error) {
      // Nothing was learned: whoever asks next has to look.
      if (this.#looks.get(key) === next) this.#looks.delete(key);
      throw error;
    } finally {
      next.underWay = undefined;
    }
    return true;
  }

  #budgetOf(identity: string, isStranger: boolean): RateLimiter {
    const key = `${isStranger ? "stranger" : "member"}\n${identity}`;
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const { burst, perSecond } = isStranger ? strangerLooks : memberLooks;
    const budget = new RateLimiter(burst, perSecond, { clock: this.#clock });
    remember(this.#budgets, key, budget);
    return budget;
  }
}

/** As the newest; the oldest goes. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  if (map.size >= rememberedMax) map.delete(map.keys().next().value ?? "");
  map.set(key, value);
}

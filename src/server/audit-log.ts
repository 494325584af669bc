import type { AuditEvent } from "../core/broker/views.ts";
import type { Clock } from "../core/system.ts";

/** Whoever was refused, as far as he is known: an identity, or else an address. */
export type Refusal = Omit<AuditEvent, "identity"> & {
  readonly identity?: string;
  readonly address?: string;
};

/** One line: the refusal, and for a repeated one how often it came since the line before. */
export type AuditLine = Refusal & { readonly count?: number };

interface Repeated {
  readonly first: Refusal;
  count: number;
}

const intervalMs = 10_000;
/** Kinds of refusals told apart at a time; what comes above it is counted together. */
const kindsMax = 1_000;
const others: Refusal = {
  identity: "(others)",
  action: "(several)",
  code: "(several)",
  reason: "",
};

/**
 * Refusals for want of authority, the first of a kind per identity or address at once, then a count every
 * 10 s: an attack must neither go unseen nor fill the disk.
 */
export class AuditLog {
  readonly #write: (line: AuditLine) => void;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Repeated>();
  #timer: { cancel(): void } | undefined;

  constructor(write: (line: AuditLine) => void, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  note(refusal: Refusal): void {
    const { identity = "", address = "", action, code } = refusal;
    const key = JSON.stringify([identity === "" ? address : identity, action, code]);
    const known = this.#kinds.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#kinds.size < kindsMax) {
      this.#kinds.set(key, { first: refusal, count: 0 });
      this.#write(refusal);
    } else this.#countOther();
    this.#timer ??= this.#clock.after(intervalMs, () => this.#summarize());
  }

  /** Writes what is counted. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#summarizeKinds();
    this.#kinds.clear();
  }

  #countOther(): void {
    const known = this.#kinds.get("");
    if (known === undefined) this.#kinds.set("", { first: others, count: 1 });
    else known.count += 1;
  }

  #summarize(): void {
    this.#timer = undefined;
    this.#summarizeKinds();
    if (this.#kinds.size > 0) this.#timer = this.#clock.after(intervalMs, () => this.#summarize());
  }

  /** A kind that was quiet is forgotten: its next one is a first again. */
  #summarizeKinds(): void {
    for (const [key, repeated] of this.#kinds) {
      const { first, count } = repeated;
      if (count === 0) this.#kinds.delete(key);
      else this.#write({ ...first, count });
      repeated.count = 0;
    }
  }
}

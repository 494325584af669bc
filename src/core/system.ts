/** Time and timers, injected everywhere so that tests decide what time it is. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump either way; used for time stamps only. */
  now(): number;
  /** Milliseconds that never go backwards; used for rates, leases and time-outs. */
  monotonicMs(): number;
  /** Calls back once after `ms` unless cancelled. Does not keep a process alive. */
  after(ms: number, callback: () => void): { cancel(): void };
}

/** Random ids of lower-case letters and digits, safe in paths, subjects and file names. */
export type RandomId = (length: number) => string;

export interface System {
  readonly clock: Clock;
  readonly randomId: RandomId;
}

// Longest delay that timers of node and browsers take before they wrap around: 2^31 − 1 ms.
const timerMsMax = 2_147_483_647;

const now = (): number => Date.now();
const monotonicMs = (): number => performance.now();

export const systemTime: Pick<Clock, "now" | "monotonicMs"> = { now, monotonicMs };

export const systemClock: Clock = {
  now,
  monotonicMs,
  after(ms, callback) {
    const timer: unknown = setTimeout(callback, Math.min(Math.max(ms, 0), timerMsMax));
    unref(timer);
    return { cancel: () => clearTimeout(timer as ReturnType<typeof setTimeout>) };
  },
};

/** Resolves after that time. One that may have to end sooner is a timer of its own. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

function unref(timer: unknown): void {
  // Node's timers are objects that would keep the process alive; a browser's are plain numbers.
  if (typeof timer === "object") (timer as { readonly unref?: () => void } | null)?.unref?.();
}

/** Random bytes, and how many of them are unused: asking for a few takes as long as for all of these. */
const bytes = new Uint8Array(2048);
let unused = 0;

/** From the platform's cryptographic source; each character carries log2(36) ≈ 5.17 bits. */
export const randomId: RandomId = (length) => {
  let id = "";
  while (id.length < length) {
    unused ||= crypto.getRandomValues(bytes).length;
    const byte = bytes[--unused] as number;
    // 252 = 7 × 36: bytes above it would make the first digits more likely.
    if (byte < 252) id += (byte % 36).toString(36);
  }
  return id;
};

export const defaultSystem: System = { clock: systemClock, randomId };

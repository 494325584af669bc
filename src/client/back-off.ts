import type { ChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { retryAfterMs } from "../protocol/error-retry.ts";
import { raceSignal } from "./abort.ts";

const firstDelayMs = 50;
const delayMsMax = 5_000;

/** Delays that double from 50 ms to 5 s, each a random part of its double, so that clients do not come back together. */
export class BackOff {
  readonly #system: System;
  #attempts = 0;
  #delayMs = 0;

  constructor(system: System) {
    this.#system = system;
  }

  /** The wait before the present attempt; 0 for a first one. */
  get delayMs(): number {
    return this.#delayMs;
  }

  /** How long to wait before the next attempt; at least what the server asked for. */
  nextDelayMs(retryAfterMs = 0): number {
    const ceiling = Math.min(delayMsMax, firstDelayMs * 2 ** this.#attempts);
    this.#attempts += 1;
    const fraction = Number.parseInt(this.#system.randomId(6), 36) / 36 ** 6;
    this.#delayMs = Math.max(retryAfterMs, (ceiling / 2) * (1 + fraction));
    return this.#delayMs;
  }

  /** The next attempt is a first one. */
  reset(): void {
    this.#attempts = 0;
    this.#delayMs = 0;
  }
}

/** What an error asks for; nothing where a line broke, which may be whole again at once. */
export function lineRetryAfterMs(error: ChannelError): number | undefined {
  return error.code === "unavailable" ? undefined : retryAfterMs(error);
}

/** Resolves after the time has passed; rejects with the signal's reason if that comes first. */
export async function delay(system: System, ms: number, signal?: AbortSignal): Promise<void> {
  let timer: { cancel(): void } | undefined;
  const passed = new Promise<void>((resolve) => (timer = system.clock.after(ms, resolve)));
  await raceSignal(passed, signal).finally(() => timer?.cancel());
}

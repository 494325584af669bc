import { ChannelError } from "../core/errors.ts";
import type { System } from "../core/system.ts";
import { isRetryable, retryAfterMs } from "../protocol/error-retry.ts";
import { decodeError } from "../protocol/decode-error.ts";
import { BackOff } from "./back-off.ts";
import type { LaneMessage } from "./line.ts";

/** Whether and when a subscription or a watch that the server has ended begins again. */
export class Renewal {
  readonly #system: System;
  readonly #backOff: BackOff;
  readonly #begin: () => void;
  #timer: { cancel(): void } | undefined;

  constructor(system: System, begin: () => void) {
    this.#system = system;
    this.#backOff = new BackOff(system);
    this.#begin = begin;
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Something useful came: the next end is a first one. */
  reset(): void {
    this.#backOff.reset();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Why it is over for good; undefined where it begins again after a while. */
  takeEnd({ reason, error }: Extract<LaneMessage, { kind: "end" }>): ChannelError | undefined {
    if (reason === "revoked") return new ChannelError("unauthorized", { reason });
    const failure = decodeError(error);
    if (failure !== undefined && !isRetryable(failure)) return failure;
    const askedMs = error?.retryafterms ?? (failure && retryAfterMs(failure));
    this.#timer = this.#system.clock.after(this.#backOff.nextDelayMs(askedMs), () => {
      this.#timer = undefined;
      this.#begin();
    });
    return undefined;
  }
}

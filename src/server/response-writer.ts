import type { ServerResponse } from "node:http";
import { isChannelError } from "../core/errors.ts";
import { createDeferred } from "../core/deferred.ts";
import type { Deferred } from "../core/deferred.ts";
import type { Clock } from "../core/system.ts";

export interface WriterOptions {
  readonly clock: Clock;
  /** Time in which a peer that has stopped taking must take something, in milliseconds. */
  readonly stallMs: number;
  /** Aborted when the peer has left. */
  readonly left: AbortSignal;
  /** Counts what the peer has not taken; returns what gives it back. Errors: as `SharedBudget.take`. */
  readonly take: (length: number) => () => void;
}

/**
 * A streamed response that never holds more than one write beyond the socket's buffer. One pair of
 * listeners serves the whole stream.
 */
export class ResponseWriter {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #take: WriterOptions["take"];
  readonly signal: AbortSignal;
  #draining: Deferred<void> | undefined;
  #trouble: "too_slow" | "overloaded" | undefined;

  constructor(response: ServerResponse, { clock, stallMs, left, take }: WriterOptions) {
    this.#response = response;
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#take = take;
    this.signal = left;
    response.on("drain", () => this.#release());
    left.addEventListener("abort", () => this.#release());
  }

  /** Why no more is written though the peer is there. */
  get trouble(): "too_slow" | "overloaded" | undefined {
    return this.#trouble;
  }

  /** Resolves once the socket takes more; false when the peer is gone or is to go. */
  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.signal.aborted) return false;
    const giveBack = this.#tryTake(data.length);
    if (giveBack === undefined) return false;
    if (!this.#response.write(data)) await this.#drained();
    // What a stalled peer does not take is held until its connection goes.
    if (this.#trouble === undefined) giveBack();
    else this.signal.addEventListener("abort", giveBack);
    return !this.signal.aborted && this.#trouble === undefined;
  }

  /** A last word, if the peer is still there; what the socket cannot take is dropped with the connection. */
  end(data?: string): void {
    if (this.signal.aborted) return;
    if (this.#trouble === "too_slow") {
      // It lies behind what the peer has not taken: it gets it should it take the rest before the connection goes.
      if (data !== undefined) this.#response.write(data);
      this.#response.end();
      this.#clock.after(this.#stallMs, () => this.#response.destroy());
    } else this.#response.end(data);
  }

  #tryTake(length: number): (() => void) | undefined {
    try {
      return this.#take(length);
    } catch (error) {
      if (!isChannelError(error)) throw error;
      this.#trouble = "overloaded";
      return undefined;
    }
  }

  #release(): void {
    this.#draining?.resolve();
    this.#draining = undefined;
  }

  async #drained(): Promise<void> {
    this.#draining = createDeferred();
    const { promise } = this.#draining;
    let timer = this.#watchStall();
    const cancel = (): void => timer.cancel();
    this.#restart = (next) => (timer = next);
    try {
      await promise;
    } finally {
      cancel();
    }
  }
  #restart: (timer: { cancel(): void }) => void = () => undefined;

  #watchStall(): { cancel(): void } {
    const pending = this.#pendingBytes();
    return this.#clock.after(this.#stallMs, () => {
      // Slow is not stalled: as long as something is taken it goes on.
      if (this.#pendingBytes() < pending) {
        this.#restart(this.#watchStall());
        return;
      }
      this.#trouble = "too_slow";
      this.#release();
    });
  }

  #pendingBytes(): number {
    return this.#response.socket?.writableLength ?? 0;
  }
}

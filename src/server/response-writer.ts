import type { ServerResponse } from "node:http";
import { createDeferred } from "../core/deferred.ts";
import type { Deferred } from "../core/deferred.ts";
import type { Clock } from "../core/system.ts";

export interface WriterLimits {
  /** Time in which a peer that has stopped taking must take something, in milliseconds. */
  readonly stallMs: number;
}

/**
 * A streamed response that never holds more than one write beyond the socket's buffer. One pair of
 * listeners serves the whole stream.
 */
export class ResponseWriter {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #stallMs: number;
  /** Aborted when the peer has left, or was cut off because it took nothing. */
  readonly #left = new AbortController();
  #draining: Deferred<void> | undefined;
  #isStalled = false;

  constructor(response: ServerResponse, clock: Clock, { stallMs }: WriterLimits) {
    this.#response = response;
    this.#clock = clock;
    this.#stallMs = stallMs;
    response.on("drain", () => this.#release());
    response.on("close", () => {
      this.#left.abort();
      this.#release();
    });
  }

  get signal(): AbortSignal {
    return this.#left.signal;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Resolves once the socket takes more; false when the peer is gone or has stalled. */
  async write(data: string | Uint8Array): Promise<boolean> {
    if (this.signal.aborted) return false;
    if (this.#response.write(data)) return true;
    await this.#drained();
    return !this.signal.aborted && !this.#isStalled;
  }

  /** A last word, if the peer is still there; what the socket cannot take is dropped with the connection. */
  end(data?: string): void {
    if (this.signal.aborted) return;
    if (this.#isStalled) {
      // It lies behind what the peer has not taken: it gets it should it take the rest before the connection goes.
      if (data !== undefined) this.#response.write(data);
      this.#response.end();
      this.#clock.after(this.#stallMs, () => this.#response.destroy());
    } else this.#response.end(data);
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
      this.#isStalled = true;
      this.#release();
    });
  }

  #pendingBytes(): number {
    return this.#response.socket?.writableLength ?? 0;
  }
}

import { isChannelError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { BackOff, delay } from "../back-off.ts";
import type { Channel } from "../channel.ts";

// More than anybody types while a server is away; a paste that is larger ends there.
const waitingBytesMax = 4 * 1024 * 1024;

// Whoever runs the program brings it back about a second after a server that has forgotten it.
const restoringMsMax = 15_000;

export interface KeystrokesOptions {
  readonly channel: Pick<Channel, "send">;
  readonly system: System;
  /** Ends the waiting for a process that a server has forgotten. */
  readonly signal: AbortSignal;
}

/**
 * Brings what is typed into a channel, each byte once. What gathers while one entry is under way is the next
 * one: single keys while it is quiet, without a timer.
 */
export class Keystrokes {
  readonly #options: KeystrokesOptions;
  #waiting: Uint8Array[] = [];
  #undeliveredBytes = 0;
  #delivery: Promise<void> | undefined;
  /** Rejects when the server takes no more. */
  readonly refused: Promise<never>;
  #refuse: (error: unknown) => void = () => undefined;
  #isRefused = false;
  #isEnded = false;

  constructor(options: KeystrokesOptions) {
    this.#options = options;
    this.refused = new Promise((_, reject) => (this.#refuse = reject));
    this.refused.catch(() => undefined);
  }

  /** Bytes that the server has not acknowledged. */
  get undeliveredBytes(): number {
    return this.#undeliveredBytes;
  }

  /** False for bytes that are too much to wait. */
  type(bytes: Uint8Array): boolean {
    if (bytes.byteLength === 0 || this.#isRefused) return true;
    if (this.#undeliveredBytes + bytes.byteLength > waitingBytesMax) return false;
    this.#waiting.push(Uint8Array.from(bytes));
    this.#undeliveredBytes += bytes.byteLength;
    this.#delivery ??= this.#deliver();
    return true;
  }

  /** Nothing follows: the program reads an end. */
  end(): void {
    this.#isEnded = true;
    this.#delivery ??= this.#deliver();
  }

  /** Resolves when nothing waits, or nothing is taken any more. */
  async settled(): Promise<void> {
    await this.#delivery;
  }

  async #deliver(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const payload = join(this.#waiting.splice(0));
        await this.#send(payload, "data");
        this.#undeliveredBytes -= payload.byteLength;
      }
      if (this.#isEnded) await this.#send(new Uint8Array(0), "end");
    } catch (error) {
      this.#isRefused = true;
      this.#waiting = [];
      this.#refuse(error);
    } finally {
      this.#delivery = undefined;
    }
  }

  async #send(payload: Uint8Array, type: string): Promise<void> {
    const { channel, system, signal } = this.#options;
    const { clock } = system;
    const untilMs = clock.monotonicMs() + restoringMsMax;
    const backOff = new BackOff(system);
    for (;;) {
      try {
        await channel.send(payload, { type });
        return;
      } catch (error) {
        // What a server has forgotten does not hold these bytes either: they are not sent twice.
        const mayComeBack = clock.monotonicMs() < untilMs && !signal.aborted;
        if (!mayComeBack || !isChannelError(error, "process_not_found")) throw error;
      }
      await delay(system, backOff.nextDelayMs(), signal);
    }
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

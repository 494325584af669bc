import type { ChannelError } from "../core/errors.ts";
import type { ResolvedOptions, Transport } from "./options.ts";

/** Attempts in a row that a transport gets before the next one is tried. */
const attemptsMax = 2;
const doublingsMax = 4;

/**
 * Which transport the next attempt takes. A WebSocket that does not get through gives way to server-sent
 * events, and those to long-polling once they fall silent: something in between gathers them. A transport
 * is left for good only for one that worked, so a server that is away changes nothing.
 */
export class TransportChoice {
  readonly #fixed: Transport | undefined;
  readonly #first: Transport;
  readonly #retryMs: number;
  #current: Transport;
  #failures = 0;
  #isOpen = false;
  #fallBack: Transport = "sse";
  #doublings = -1;

  constructor({ transport, webSocket, webSocketRetryMs }: ResolvedOptions) {
    this.#fixed = transport === "auto" ? undefined : transport;
    this.#first = webSocket === undefined ? "sse" : "websocket";
    this.#current = this.#fixed ?? this.#first;
    this.#retryMs = webSocketRetryMs;
  }

  get current(): Transport {
    return this.#current;
  }

  /** After what time to try the best transport again, unless this is it. */
  get upgradeMs(): number | undefined {
    if (this.#fixed !== undefined || this.#current === this.#first) return undefined;
    return this.#retryMs * 2 ** Math.max(0, this.#doublings);
  }

  opened(): void {
    this.#isOpen = true;
    if (this.#current !== this.#first)
      this.#doublings = Math.min(this.#doublings + 1, doublingsMax);
  }

  failed(error: ChannelError): void {
    const hadOpened = this.#isOpen;
    this.#isOpen = false;
    if (this.#fixed !== undefined) return;
    const isSilent = error.code === "request_timeout";
    if (hadOpened && !isSilent) {
      this.#failures = 0;
      return;
    }
    if (this.#current === "sse" && hadOpened) {
      this.#current = this.#fallBack = "poll";
      return;
    }
    this.#failures += 1;
    if (this.#current !== this.#first) this.#current = this.#first;
    else if (this.#failures >= attemptsMax) {
      this.#failures = 0;
      this.#current = this.#fallBack;
    }
  }

  /** The best transport again; if that fails at once, what has worked. */
  upgrade(): void {
    this.#current = this.#first;
    this.#failures = attemptsMax - 1;
    this.#isOpen = false;
    this.#fallBack = "sse";
  }
}

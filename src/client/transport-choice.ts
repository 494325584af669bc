import type { ChannelError } from "../core/errors.ts";
import type { Clock } from "../core/system.ts";
import type { ResolvedOptions, Transport } from "./options.ts";

/** Attempts in a row that a transport gets before the next one is tried. */
const attemptsMax = 2;
const doublingsMax = 4;
/** Silence after so long a life is that of a network that has gone, not of something in between. */
const steadyMs = 180_000;

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
  readonly #clock: Clock;
  #openedAtMs: number | undefined;
  #fallBack: Transport = "sse";
  #doublings = -1;

  constructor({ transport, webSocket, webSocketRetryMs, system }: ResolvedOptions) {
    this.#fixed = transport === "auto" ? undefined : transport;
    this.#first = webSocket === undefined ? "sse" : "websocket";
    this.#current = this.#fixed ?? this.#first;
    this.#retryMs = webSocketRetryMs;
    this.#clock = system.clock;
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
    this.#openedAtMs = this.#clock.monotonicMs();
    if (this.#current !== this.#first)
      this.#doublings = Math.min(this.#doublings + 1, doublingsMax);
  }

  failed(error: ChannelError): void {
    const hadOpened = this.#openedAtMs !== undefined;
    const livedMs = this.#clock.monotonicMs() - (this.#openedAtMs ?? Infinity);
    this.#openedAtMs = undefined;
    if (this.#fixed !== undefined) return;
    const isSilent = error.code === "request_timeout" && livedMs < steadyMs;
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

  /** The best transport again; if that fails at once, the others in their order. */
  upgrade(): void {
    this.#current = this.#first;
    this.#failures = attemptsMax - 1;
    this.#openedAtMs = undefined;
    this.#fallBack = "sse";
  }
}

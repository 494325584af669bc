import { ChannelError, isChannelError, unavailable } from "../core/errors.ts";
import { isOfToken, isRetryable } from "../protocol/error-retry.ts";
import { BackOff, lineRetryAfterMs } from "./back-off.ts";
import type { Http } from "./http.ts";
import { Line, type Lane } from "./line.ts";
import { openLink } from "./link-opening.ts";
import type { Link, LinkMessage, LinkSink } from "./link.ts";
import { Listeners } from "./listeners.ts";
import type { ResolvedOptions, Transport } from "./options.ts";
import type { TokenSource } from "./token-source.ts";
import { TransportChoice } from "./transport-choice.ts";

export type ConnectionState =
  | { readonly kind: "idle" | "connecting" | "closed" }
  | { readonly kind: "live"; readonly transport: Transport }
  | { readonly kind: "waiting"; readonly error: ChannelError; readonly retryInMs: number };

/** A token is replaced this long before it expires, or after half of a life that is shorter. */
const renewAheadMs = 60_000;

/**
 * The one state machine between lanes and links. Whatever happens at once, at most one attempt is under
 * way: a link belongs to the attempt that opened it, and what comes of an earlier one is not heard.
 */
export class Connection {
  readonly states = new Listeners<ConnectionState>({ kind: "idle" });
  readonly #options: ResolvedOptions;
  readonly #tokens: TokenSource;
  readonly #http: Http;
  readonly #lanes = new Set<Lane>();
  readonly #needy = new Set<Lane>();
  readonly #backOff: BackOff;
  readonly #choice: TransportChoice;
  #attempt = 0;
  #link: Link | undefined;
  #line: Line | undefined;
  /** Of the state: the end of a wait, of an attempt, of a token, of idleness. */
  readonly #timers = new Set<{ cancel(): void }>();
  #idleTimer: { cancel(): void } | undefined;
  #hasRenewed = false;

  constructor(options: ResolvedOptions, tokens: TokenSource, http: Http) {
    this.#options = options;
    this.#tokens = tokens;
    this.#http = http;
    this.#backOff = new BackOff(options.system);
    this.#choice = new TransportChoice(options);
  }

  add(lane: Lane): void {
    if (this.states.value.kind === "closed") return lane.fail(closedError());
    const isNew = !this.#lanes.has(lane);
    this.#lanes.add(lane);
    if (isNew && this.#line !== undefined) lane.attach(this.#line);
    this.needsChanged(lane);
  }

  remove(lane: Lane): void {
    this.#lanes.delete(lane);
    this.needsChanged(lane);
  }

  /** A lane may have begun or ceased to want a link. */
  needsChanged(lane?: Lane): void {
    const { kind } = this.states.value;
    if (lane?.isNeedy === true && this.#lanes.has(lane)) this.#needy.add(lane);
    else if (lane !== undefined) this.#needy.delete(lane);
    if (this.#needy.size > 0) {
      this.#idleTimer?.cancel();
      this.#idleTimer = undefined;
      if (kind === "idle") this.#connect();
    } else if (kind !== "idle" && kind !== "closed") {
      // A page that shows the same thing again at once finds the connection still there.
      this.#idleTimer ??= this.#options.system.clock.after(this.#options.idleMs, () =>
        this.#rest(),
      );
    }
  }

  /** The network may be back, or gone: waits end, and a link has to show that it lives. */
  wake(): void {
    const { kind } = this.states.value;
    if (kind === "waiting") this.#connect();
    else if (kind === "live") this.#link?.probe();
  }

  /** Fails all lanes. */
  close(): void {
    if (this.states.value.kind === "closed") return;
    this.#leave();
    this.states.set({ kind: "closed" });
    this.#failLanes(closedError());
  }

  #rest(): void {
    this.#idleTimer = undefined;
    this.#leave();
    this.states.set({ kind: "idle" });
  }

  /** Nothing of the present state goes on. */
  #leave(): void {
    this.#attempt += 1;
    this.#cancelTimers();
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    const hadLine = this.#line !== undefined;
    this.#line = undefined;
    this.#link?.close();
    this.#link = undefined;
    if (hadLine) for (const lane of [...this.#lanes]) lane.detach();
  }

  #after(ms: number, callback: () => void): void {
    const timer = this.#options.system.clock.after(ms, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #connect(): void {
    this.#leave();
    const attempt = this.#attempt;
    const { connectTimeoutMs } = this.#options;
    this.states.set({ kind: "connecting" });
    const late = new ChannelError("request_timeout", { limitMs: connectTimeoutMs });
    this.#after(connectTimeoutMs, () => this.#lose(late));
    this.#open(attempt).catch((error: unknown) => {
      if (this.#attempt !== attempt) return;
      this.#lose(isChannelError(error) ? error : unavailable("no connection", error));
    });
  }

  async #open(attempt: number): Promise<void> {
    const token = await this.#tokens.get();
    if (this.#attempt !== attempt) return;
    const mine = (act: () => void): void => {
      if (this.#attempt === attempt) act();
    };
    const sink: LinkSink = {
      opened: (tokenExpiresAt) => mine(() => this.#goLive(tokenExpiresAt)),
      received: (message) => mine(() => this.#receive(message)),
      closed: (error) => mine(() => this.#lose(error)),
    };
    const http = this.#http;
    this.#link = openLink(this.#choice.current, { ...this.#options, token, sink, http });
  }

  #goLive(tokenExpiresAt: number): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#cancelTimers();
    const attempt = this.#attempt;
    const line = new Line(link, (error) => {
      if (this.#attempt === attempt) this.#lose(error);
    });
    this.#line = line;
    this.#choice.opened();
    this.#renewAhead(tokenExpiresAt);
    // A line that dies young is no better than none: one has to last as long as the wait for it.
    this.#after(this.#backOff.delayMs, () => this.#backOff.reset());
    const upgradeMs = this.#choice.upgradeMs;
    if (upgradeMs !== undefined) this.#after(upgradeMs, () => this.#upgrade());
    this.states.set({ kind: "live", transport: this.#choice.current });
    for (const lane of [...this.#lanes]) if (this.#line === line) lane.attach(line);
    // Whoever wanted it may have gone while it was tried.
    this.needsChanged();
  }

  #receive(message: LinkMessage): void {
    // Something useful came: the token is not what fails.
    this.#hasRenewed = false;
    if (message.kind === "token") this.#renewAhead(Date.parse(message.expiresat));
    else this.#line?.receive(message);
  }

  #lose(error: ChannelError): void {
    this.#choice.failed(error);
    this.#leave();
    const mayRenew = isOfToken(error) && this.#tokens.canRenew && !this.#hasRenewed;
    if (mayRenew) {
      this.#hasRenewed = true;
      this.#tokens.forget();
    }
    if (!isRetryable(error) && !mayRenew) return this.#giveUp(error);
    const retryInMs = this.#backOff.nextDelayMs(lineRetryAfterMs(error));
    this.states.set({ kind: "waiting", error, retryInMs });
    this.#after(retryInMs, () => this.#connect());
    this.needsChanged();
  }

  /** The server wants nobody back; whoever comes anew may try. */
  #giveUp(error: ChannelError): void {
    this.#hasRenewed = false;
    this.states.set({ kind: "idle" });
    this.#failLanes(error);
  }

  #failLanes(error: ChannelError): void {
    const lanes = [...this.#lanes];
    this.#lanes.clear();
    this.#needy.clear();
    for (const lane of lanes) lane.fail(error);
  }

  #upgrade(): void {
    this.#choice.upgrade();
    this.#connect();
  }

  #renewAhead(expiresAt: number): void {
    if (!this.#tokens.canRenew || !Number.isFinite(expiresAt)) return;
    const leftMs = Math.max(0, expiresAt - this.#options.system.clock.now());
    const attempt = this.#attempt;
    this.#after(Math.max(leftMs - renewAheadMs, leftMs / 2, 1_000), () => {
      this.#tokens.forget();
      this.#tokens.get().then(
        (token) => {
          if (this.#attempt === attempt) this.#link?.send({ kind: "token", token });
        },
        // Asked again when the server has closed the connection for it.
        () => undefined,
      );
    });
  }
}

function closedError(): ChannelError {
  return unavailable("the client was closed");
}

import type { WebSocket } from "ws";
import type { Clock } from "../core/system.ts";
import { encodeFrame, frameBytesTarget } from "../protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../protocol/frame.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** What has messages for the peer, and makes them only when there is room for them. */
export interface OutboxSource {
  /** The next message, if there is one now. One that comes later keeps nobody else waiting. */
  take(): EncodedMessage | undefined | Promise<EncodedMessage | undefined>;
}

export interface OutboxOptions {
  readonly form: FrameForm;
  readonly clock: Clock;
  /** Time in which a peer that has stopped taking must take something, in milliseconds. */
  readonly stallMs: number;
  /** All sockets and streams share it. */
  readonly turns: TurnQueue;
  /** Counts what the peer has not taken; returns what gives it back. Errors: as `SharedBudget.take`. */
  readonly count: (length: number) => () => void;
  readonly onStall: () => void;
  /** Also where `count` throws. */
  readonly onFailure: (error: unknown) => void;
  /** There is room again after `isFull`. */
  readonly onRoom: () => void;
}

/** What may lie between here and the system's buffer: enough to keep it busy. */
const unsentBytesMax = 2 * frameBytesTarget;
/** Sources that wait for the store at a time: each comes back with a page. */
const awaitedMax = 4;

/**
 * What goes to the peer of a socket. Messages gather for one turn of the event loop; sources are asked in
 * turn, and only while the peer takes what it is sent.
 */
export class SocketOutbox {
  readonly #socket: WebSocket;
  readonly #options: OutboxOptions;
  #messages: EncodedMessage[] = [];
  #bytes = 0;
  /** In the order in which they are asked. */
  readonly #ready = new Set<OutboxSource>();
  readonly #awaited = new Set<OutboxSource>();
  #isScheduled = false;
  #isClosed = false;
  #wasFull = false;
  #stall: { cancel(): void } | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(socket: WebSocket, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** More than a frame waits for room: whoever causes messages is not to cause more of them. */
  get isFull(): boolean {
    return this.#bytes >= frameBytesTarget;
  }

  send(message: EncodedMessage): void {
    if (this.#isClosed) return;
    this.#push(message);
    this.#schedule();
  }

  /** The source may have something. */
  ready(source: OutboxSource): void {
    if (this.#isClosed) return;
    this.#ready.add(source);
    this.#schedule();
  }

  remove(source: OutboxSource): void {
    this.#ready.delete(source);
  }

  /** Calls back once all that there is now was handed to the socket. */
  whenEmpty(callback: () => void): void {
    this.#whenEmpty = callback;
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    this.#messages = [];
    this.#bytes = 0;
    this.#ready.clear();
    this.#stall?.cancel();
  }

  #push(message: EncodedMessage): void {
    this.#messages.push(message);
    this.#bytes += message.text.length;
    for (const { byteLength } of message.payloads) this.#bytes += byteLength;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#turn().catch(this.#options.onFailure);
    });
  }

  async #turn(): Promise<void> {
    await this.#options.turns.next();
    this.#isScheduled = false;
    if (this.#isClosed) return;
    if (!this.#hasRoom()) {
      this.#stall ??= this.#watchStall();
      return;
    }
    this.#askSources();
    if (this.#messages.length > 0) this.#sendFrame();
    if (this.#messages.length === 0 && this.#ready.size === 0 && this.#awaited.size === 0)
      this.#whenEmpty?.();
    const canAsk = this.#ready.size > 0 && this.#awaited.size < awaitedMax;
    if (this.#messages.length > 0 || canAsk) this.#schedule();
  }

  #hasRoom(): boolean {
    return this.#socket.bufferedAmount < unsentBytesMax;
  }

  #askSources(): void {
    for (const source of this.#ready) {
      if (this.#bytes >= frameBytesTarget || this.#awaited.size >= awaitedMax) return;
      this.#ready.delete(source);
      // It has its answer under way, and is asked again after that.
      if (this.#awaited.has(source)) continue;
      const message = source.take();
      if (message instanceof Promise) this.#await(source, message);
      else if (message !== undefined) {
        this.#push(message);
        // Whether it has more it knows when it is asked again.
        this.#ready.add(source);
      }
    }
  }

  #await(source: OutboxSource, coming: Promise<EncodedMessage | undefined>): void {
    this.#awaited.add(source);
    coming
      .then((message) => {
        if (message !== undefined && !this.#isClosed) this.#push(message);
      })
      .catch(this.#options.onFailure)
      .finally(() => {
        this.#awaited.delete(source);
        this.ready(source);
      });
  }

  /** As many messages as a frame takes; a large one goes alone. */
  #takeMessages(): EncodedMessage[] {
    let bytes = 0;
    let count = 0;
    for (const { text, payloads } of this.#messages) {
      const length = payloads.reduce((sum, { byteLength }) => sum + byteLength, text.length);
      if (count > 0 && bytes + length > frameBytesTarget) break;
      bytes += length;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#messages.splice(0, count);
  }

  #sendFrame(): void {
    const { form, count, onRoom } = this.#options;
    this.#wasFull ||= this.isFull;
    const frame = encodeFrame(form, this.#takeMessages());
    const giveBack = count(frame.length);
    this.#socket.send(frame, () => {
      giveBack();
      this.#taken();
    });
    if (this.#wasFull && !this.isFull) {
      this.#wasFull = false;
      onRoom();
    }
  }

  #taken(): void {
    if (this.#stall === undefined || !this.#hasRoom()) return;
    this.#stall.cancel();
    this.#stall = undefined;
    if (!this.#isClosed) this.#schedule();
  }

  #watchStall(): { cancel(): void } {
    const { clock, stallMs, onStall } = this.#options;
    const unsent = this.#socket.bufferedAmount;
    return clock.after(stallMs, () => {
      // Slow is not stalled: as long as something is taken it goes on.
      if (this.#socket.bufferedAmount < unsent) this.#stall = this.#watchStall();
      else onStall();
    });
  }
}

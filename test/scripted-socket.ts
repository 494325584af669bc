import type { WebSocketLike } from "../src/client/index.ts";
import { Jobwire } from "../src/client/index.ts";
import type { JobwireOptions } from "../src/client/index.ts";
import { randomId } from "../src/core/system.ts";
import { decodeFrame } from "../src/protocol/frame.ts";
import { decodeInputFields } from "../src/protocol/socket-message.ts";
import type { ReceivedMessage } from "../src/protocol/socket-message.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";

type Sent<Kind extends ReceivedMessage["kind"]> = Extract<ReceivedMessage, { readonly kind: Kind }>;

/** A WebSocket of which the test is the server. */
export class ScriptedSocket implements WebSocketLike {
  readonly protocol = "jobwire.v1.json";
  binaryType = "";
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  readonly sent: ReceivedMessage[] = [];
  readyState = 0;
  isClosed = false;

  send(data: string | Uint8Array): void {
    // Whoever sends too early, or too late, has made a mistake.
    if (this.readyState !== 1) throw new Error("the socket is not open");
    const messages = decodeFrame(String(data), decodeInputFields);
    this.sent.push(...(messages as unknown as ReceivedMessage[]));
  }

  close(): void {
    this.isClosed = true;
    this.readyState = 2;
  }

  /** The handshake succeeds, and the server welcomes. */
  async open(): Promise<void> {
    this.readyState = 1;
    this.onopen?.();
    await this.say(
      { kind: "welcome", version: 1, identity: "ada", heartbeatms: 15_000, limits: {} },
      { kind: "pong" },
    );
  }

  async say(...messages: readonly object[]): Promise<void> {
    this.onmessage?.({ data: JSON.stringify(messages) });
    await turn();
  }

  async lose(code = 1006, reason = ""): Promise<void> {
    this.readyState = 3;
    this.onclose?.({ code, reason });
    await turn();
  }

  /** All of the kind that came so far. */
  all<Kind extends ReceivedMessage["kind"]>(kind: Kind): Sent<Kind>[] {
    return this.sent.filter((message): message is Sent<Kind> => message.kind === kind);
  }

  /** The newest of the kind. */
  last<Kind extends ReceivedMessage["kind"]>(kind: Kind): Sent<Kind> {
    const message = this.all(kind).at(-1);
    if (message === undefined) throw new Error(`no ${kind} was sent`);
    return message;
  }
}

/** A client of scripted sockets whose time stands still. */
export class ScriptedWorld {
  readonly clock = new FakeClock();
  readonly sockets: ScriptedSocket[] = [];
  readonly wire: Jobwire;

  constructor(options: Partial<JobwireOptions> = {}) {
    const { sockets } = this;
    this.wire = new Jobwire({
      ...{ url: "http://server", token: "t", transport: "websocket" },
      system: { clock: this.clock, randomId },
      webSocket: class extends ScriptedSocket {
        constructor() {
          super();
          sockets.push(this);
        }
      },
      ...options,
    });
  }

  /** The newest one. */
  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody has connected");
    return socket;
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }

  /** Until it has come back, and the server welcomes it. */
  async reconnect(): Promise<void> {
    await this.pass(5_000);
    await this.socket.open();
  }
}

/** What is due at once has happened. */
export async function turn(): Promise<void> {
  // What a client sends goes at the end of the turn in which it is called: that is over then.
  for (let turns = 0; turns < 2; turns++) await new Promise(setImmediate);
}

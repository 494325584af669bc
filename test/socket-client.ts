import { once } from "node:events";
import { WebSocket } from "ws";
import {
  decodeFrame,
  encodeEntries,
  encodeEntriesMessage,
  encodeFrame,
  encodeMessage,
} from "../src/protocol/frame.ts";
import type { EncodedMessage, FrameForm } from "../src/protocol/frame.ts";
import { decodeEntryFields } from "../src/protocol/json-form.ts";
import type { ServerMessage } from "../src/protocol/socket-message.ts";

import type { ServerWorld } from "./server-world.ts";

type Message<Kind> = Extract<ServerMessage, { readonly kind: Kind }>;
type Entry = Message<"entries">["entries"][number];

/** A message as a test writes it: payloads of its entries are bytes. */
export interface SentMessage {
  readonly kind: string;
  readonly entries?: readonly {
    readonly payload?: Uint8Array;
    readonly [field: string]: unknown;
  }[];
  readonly [field: string]: unknown;
}

/** A client that does nothing by itself: what it sends is what a test says. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly form: FrameForm;
  /** Everything that came, in order. */
  readonly received: ServerMessage[] = [];
  /** The sizes of the frames that came. */
  readonly frameLengths: number[] = [];
  /** How far `next` has looked, by kind. */
  readonly #taken = new Map<string, number>();
  #end: readonly [code: number, reason: string] | undefined;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket, form: FrameForm) {
    this.socket = socket;
    this.form = form;
    socket.on("message", (data, isBinary) => {
      const bytes = data as Buffer;
      this.frameLengths.push(bytes.byteLength);
      const frame = isBinary ? bytes : bytes.toString();
      const messages = decodeFrame(frame, decodeEntryFields);
      this.received.push(...(messages as unknown as ServerMessage[]));
      this.#wake();
    });
    socket.on("close", (code, reason) => {
      this.#end = [code, String(reason)];
      this.#wake();
    });
  }

  static async open(url: string, form: FrameForm): Promise<SocketClient> {
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/socket`, [`jobwire.v1.${form}`]);
    const client = new SocketClient(socket, form);
    await once(socket, "open");
    return client;
  }

  /** One that the server has welcomed. */
  static async greeted(
    world: ServerWorld,
    form: FrameForm,
    identity: string,
    claims: Record<string, unknown> = {},
  ): Promise<SocketClient> {
    const client = await SocketClient.open(world.url, form);
    client.send({ kind: "hello", token: await world.token(identity, claims) });
    await client.next("welcome");
    return client;
  }

  /** As one frame. */
  send(...messages: readonly SentMessage[]): void {
    this.socket.send(
      encodeFrame(
        this.form,
        messages.map((message) => this.#encode(message)),
      ),
    );
  }

  /** The next message of a kind that was not asked for before. */
  async next<Kind extends ServerMessage["kind"]>(kind: Kind): Promise<Message<Kind>> {
    for (let at = this.#taken.get(kind) ?? 0; ; at++) {
      while (at >= this.received.length) await this.#news(kind);
      if (this.received[at]?.kind !== kind) continue;
      this.#taken.set(kind, at + 1);
      return this.received[at] as Message<Kind>;
    }
  }

  /** Waits for what has been received to be so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#news("what is waited for");
  }

  /** Entries of a subscription so far, once there are so many of them. */
  async entries(id: number, count: number): Promise<readonly Entry[]> {
    for (;;) {
      const entries = this.received.flatMap((message) =>
        message.kind === "entries" && message.id === id ? message.entries : [],
      );
      if (entries.length >= count) return entries;
      await this.#news(`entries of ${id}`);
    }
  }

  /** Payloads of a subscription so far as text, once there are so many of them. */
  async texts(id: number, count: number): Promise<readonly string[]> {
    const entries = await this.entries(id, count);
    return entries.map(({ payload }) => Buffer.from(payload).toString());
  }

  /** Code and reason with which the connection ends. */
  async closed(): Promise<readonly [code: number, reason: string]> {
    while (this.#end === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#end;
  }

  async #news(what: string): Promise<void> {
    if (this.#end !== undefined)
      throw new Error(`closed with ${this.#end.join(" ")} before ${what}`);
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #encode({ entries, ...fields }: SentMessage): EncodedMessage {
    if (entries === undefined) return encodeMessage(fields);
    const sent = entries.map(({ payload = new Uint8Array(), ...told }) => ({ payload, told }));
    const encoded = encodeEntries(this.form, sent, ({ told }) => JSON.stringify(told));
    return encodeEntriesMessage(fields, encoded);
  }
}

// One who publishes over our WebSocket and costs little: groups of entries as messages that were made before, so that a
// server can be sent more than it can carry from the same machine. Bounded: what does not fit into its window is not sent.
import { once } from "node:events";
import { WebSocket } from "ws";
import {
  decodeFrame,
  encodeEntriesMessage,
  encodeFrame,
  encodeMessage,
} from "../../dist/protocol/frame.js";
import { decodeEntryFields } from "../../dist/protocol/json-form.js";

const form = "binary";

export class GroupPublisher {
  #socket;
  #entries;
  #bytes;
  #payloads;
  /** Of all entries of a group but the first: each has the number that follows, and nothing else to tell. */
  #others;
  #groupBytes;
  #windowBytes;
  #next = 1;
  /** Groups under way, by the sequence of their first entry. */
  #groups = [];
  #isRecovering = false;
  #settled = () => undefined;
  /** Of entries: taken by the server, and refused by it, by code. */
  accepted = 0;
  refused = {};

  static async open({ url, token }, { process, entries, bytes, windowBytes }) {
    const publisher = new GroupPublisher();
    publisher.#entries = entries;
    publisher.#bytes = bytes;
    publisher.#others = `,${bytes}`.repeat(entries - 1);
    publisher.#payloads = Array.from({ length: entries }, () => Buffer.alloc(bytes, 120));
    publisher.#groupBytes = entries * bytes;
    publisher.#windowBytes = windowBytes;
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/socket`, `jobwire.v1.${form}`, {
      perMessageDeflate: false,
    });
    publisher.#socket = socket;
    await once(socket, "open");
    const produce = { kind: "produce", id: 1, process, channel: "out", producer: "group" };
    const hello = { kind: "hello", token };
    socket.send(encodeFrame(form, [hello, produce].map(encodeMessage)));
    await once(socket, "message");
    socket.on("message", (frame) => publisher.#receive(frame));
    socket.on("close", (code, reason) => publisher.#lose(`${code} ${String(reason)}`));
    return publisher;
  }

  get isIdle() {
    return this.#groups.length === 0;
  }

  /** Whether there was room for one more group. */
  send() {
    const isFull = (this.#groups.length + 1) * this.#groupBytes > this.#windowBytes;
    if (isFull || this.#isRecovering) return false;
    const sequence = this.#next;
    const text = `{"sequence":${sequence},"bytes":${this.#bytes}}${this.#others}`;
    const entries = { text, payloads: this.#payloads };
    this.#socket.send(
      encodeFrame(form, [encodeEntriesMessage({ kind: "append", id: 1 }, entries)]),
    );
    this.#next += this.#entries;
    this.#groups.push({ sequence, left: this.#entries });
    return true;
  }

  /** Until there is room, or nothing is under way. */
  async whenAnswered() {
    await new Promise((resolve) => (this.#settled = resolve));
  }

  close() {
    this.#socket.removeAllListeners("close");
    this.#socket.terminate();
  }

  #receive(frame) {
    for (const message of decodeFrame(new Uint8Array(frame), decodeEntryFields)) {
      if (message.kind === "ack") for (const [, , count] of message.runs) this.#accept(count);
      else if (message.kind === "refused") this.#refuse(message);
      else if (message.kind === "ping")
        this.#socket.send(encodeFrame(form, [encodeMessage({ kind: "pong" })]));
    }
    if (this.#groups.length === 0) this.#isRecovering = false;
    this.#settled();
  }

  #accept(count) {
    this.accepted += count;
    for (let left = count; left > 0;) {
      const [group] = this.#groups;
      const taken = Math.min(left, group.left);
      group.left -= taken;
      left -= taken;
      if (group.left === 0) this.#groups.shift();
    }
  }

  /** What comes behind a refused group is refused as well: its numbers are used once all of it is answered. */
  #refuse({ sequence, error }) {
    const group = this.#groups.shift();
    const code = this.#isRecovering && error.code === "sequence_gap" ? "behind one" : error.code;
    this.refused[code] = (this.refused[code] ?? 0) + group.left;
    if (!this.#isRecovering) this.#next = sequence;
    this.#isRecovering = true;
  }

  #lose(reason) {
    const lost = this.#groups.reduce((sum, { left }) => sum + left, 0);
    const code = `connection lost: ${reason}`;
    this.refused[code] = (this.refused[code] ?? 0) + lost;
    this.#groups = [];
    this.#isRecovering = true;
    this.#settled();
  }
}

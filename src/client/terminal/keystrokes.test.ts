import { describe, expect, it } from "vitest";
import type { SendReceipt } from "../producer.ts";
import { createDeferred, type Deferred } from "../../core/deferred.ts";
import { ChannelError } from "../../core/errors.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Keystrokes } from "./keystrokes.ts";

const receipt: SendReceipt = { position: 1, sequence: 1 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function create() {
  const sent: { readonly text: string; readonly answer: Deferred<SendReceipt> }[] = [];
  const clock = new FakeClock();
  const left = new AbortController();
  const channel = {
    send: (payload: string | Uint8Array, { type = "data" } = {}): Promise<SendReceipt> => {
      const answer = createDeferred<SendReceipt>();
      const text = type === "data" ? Buffer.from(payload).toString() : type;
      sent.push({ text, answer });
      return answer.promise;
    },
  };
  const system = { clock, randomId: () => "0".repeat(6) };
  const keystrokes = new Keystrokes({ channel, system, signal: left.signal });
  const type = (text: string): boolean => keystrokes.type(Buffer.from(text));
  return { sent, clock, left, keystrokes, type };
}

const forgotten = (): ChannelError => new ChannelError("process_not_found", { processId: "p" });

describe("Keystrokes", () => {
  it("sends the first key at once, and what gathers meanwhile together", async () => {
    const { sent, keystrokes, type } = create();
    type("a");
    expect(sent.map(({ text }) => text)).toEqual(["a"]);
    type("b");
    type("c");
    expect(keystrokes.undeliveredBytes).toBe(3);
    sent[0]!.answer.resolve(receipt);
    await turn();
    expect(sent.map(({ text }) => text)).toEqual(["a", "bc"]);
    sent[1]!.answer.resolve(receipt);
    await keystrokes.settled();
    expect(keystrokes.undeliveredBytes).toBe(0);
  });

  it("sends the end after everything", async () => {
    const { sent, keystrokes, type } = create();
    type("a");
    keystrokes.end();
    sent[0]!.answer.resolve(receipt);
    await turn();
    expect(sent.map(({ text }) => text)).toEqual(["a", "end"]);
  });

  it("waits for a process that a server has forgotten", async () => {
    const { sent, clock, keystrokes, type } = create();
    type("a");
    sent[0]!.answer.reject(forgotten());
    await turn();
    clock.advance(100);
    await turn();
    expect(sent.map(({ text }) => text)).toEqual(["a", "a"]);
    sent[1]!.answer.resolve(receipt);
    await keystrokes.settled();
    expect(keystrokes.undeliveredBytes).toBe(0);
  });

  it("tells of a refusal, and takes no more", async () => {
    const { sent, keystrokes, type } = create();
    type("a");
    sent[0]!.answer.reject(new ChannelError("process_closed", { processId: "p" }));
    await expect(keystrokes.refused).rejects.toMatchObject({ code: "process_closed" });
    expect(type("b")).toBe(true);
    expect(sent).toHaveLength(1);
  });

  it("holds no more than a bound", () => {
    const { type } = create();
    expect(type("x".repeat(4 * 1024 * 1024))).toBe(true);
    expect(type("y")).toBe(false);
  });
});

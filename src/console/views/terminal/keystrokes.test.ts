import { expect, it } from "vitest";
import { ChannelError, type Payload, type SendReceipt } from "../../../client/index.ts";
import { Keystrokes } from "./keystrokes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

class FakeChannel {
  readonly sent: string[] = [];
  settle: (error?: Error) => void = () => undefined;

  send(payload: Payload): Promise<SendReceipt> {
    this.sent.push(typeof payload === "string" ? payload : new TextDecoder().decode(payload));
    return new Promise((resolve, reject) => {
      this.settle = (error) =>
        error === undefined ? resolve({ position: 1, sequence: 1 }) : reject(error);
    });
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("sends a key at once, and together what is typed meanwhile", async () => {
  const channel = new FakeChannel();
  const keys = new Keystrokes(channel, { onRefused: () => undefined });
  for (const key of ["a", "b", "c"]) keys.type(bytes(key));
  expect(channel.sent).toEqual(["a"]);
  channel.settle();
  await turn();
  expect(channel.sent).toEqual(["a", "bc"]);
  channel.settle();
  await turn();
  keys.type(bytes("d"));
  expect(channel.sent).toEqual(["a", "bc", "d"]);
});

it("says why what was typed did not get there, and forgets it", async () => {
  const channel = new FakeChannel();
  const reasons: string[] = [];
  const keys = new Keystrokes(channel, { onRefused: (reason) => reasons.push(reason) });
  keys.type(bytes("a"));
  keys.type(bytes("b"));
  channel.settle(new ChannelError("forbidden", { reason: "you may only look" }));
  await turn();
  expect(reasons).toHaveLength(1);
  keys.type(new Uint8Array(2 * 1024 * 1024));
  expect(reasons[1]).toBe("too much input waits for the server");
  keys.type(bytes("c"));
  expect(channel.sent).toEqual(["a", "c"]);
});

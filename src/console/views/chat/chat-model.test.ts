import { describe, expect, it } from "vitest";
import type { ChannelEntry } from "../../../client/index.ts";
import type { FeedItem } from "../entry-feed.ts";
import { messagesOf, pendingQuestion } from "./chat-model.ts";

let position = 0;

function entry(text: string | Uint8Array, more: Partial<ChannelEntry> = {}): FeedItem {
  position = more.position ?? position + 1;
  const payload = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const shared = { sequence: 1, inReplyTo: 0, replyTo: 0, timestamp: 0, error: "", cursor: "" };
  const sender = { senderId: "model", producer: "m" };
  const all: ChannelEntry = { ...shared, ...sender, type: "data", payload, ...more, position };
  return { kind: "entry", entry: all };
}

function shownOf(items: readonly FeedItem[]): unknown[] {
  return messagesOf(items).map((item) =>
    item.kind === "message" ? [item.message.text, item.message.isOpen] : item.notice.text,
  );
}

describe("messages of a chat", () => {
  it("join what one producer answers to one entry, whatever comes in between", () => {
    const euro = new TextEncoder().encode("€");
    const items = [
      entry("price?", { position: 1, senderId: "ada", producer: "a" }),
      entry("It is ", { position: 2, replyTo: 1 }),
      entry("hm", { position: 3, senderId: "ada", producer: "a" }),
      entry(euro.subarray(0, 1), { position: 4, replyTo: 1 }),
      entry(euro.subarray(1), { position: 5, replyTo: 1 }),
      entry("other", { position: 6, replyTo: 1, producer: "n" }),
    ];
    expect(shownOf(items)).toEqual([
      ["price?", false],
      ["It is €", true],
      ["hm", false],
      ["other", true],
    ]);
    const ended = [...items, entry("", { position: 7, replyTo: 1, type: "end" })];
    expect(shownOf(ended)[1]).toEqual(["It is €", false]);
    const again = [...ended, entry("again", { position: 8, replyTo: 1 })];
    expect(shownOf(again)[4]).toEqual(["again", true]);
  });

  it("keep those apart that answer nothing", () => {
    expect(shownOf([entry("one"), entry("two")])).toEqual([
      ["one", false],
      ["two", false],
    ]);
  });

  it("say what failed", () => {
    const items = [
      entry("half", { replyTo: 1 }),
      entry("", { replyTo: 1, type: "error", error: "out of memory" }),
      entry("", { type: "error", error: "no model" }),
    ];
    const errors = messagesOf(items).map((item) => item.kind === "message" && item.message.error);
    expect(errors).toEqual(["out of memory", "no model"]);
  });

  it("leave out controls that nobody can see", () => {
    expect(shownOf([entry("a\u001b]0;t\u0007b\u202ec\r\nd")])).toEqual([["a]0;tbc\nd", false]]);
  });
});

describe("a question", () => {
  const question = { type: "jobwire.question" as const };
  const asked = entry('{"question":"Go on?","choices":["yes","no"]}', { position: 5, ...question });

  it("is pending until an entry answers it", () => {
    expect(pendingQuestion(messagesOf([asked]))?.question).toEqual({
      question: "Go on?",
      choices: ["yes", "no"],
    });
    const answer = entry("yes", { position: 6, replyTo: 5, senderId: "ada" });
    expect(pendingQuestion(messagesOf([asked, answer]))).toBeUndefined();
    const other = entry("no", { position: 6, replyTo: 4, senderId: "ada" });
    expect(pendingQuestion(messagesOf([asked, other]))?.position).toBe(5);
  });
});

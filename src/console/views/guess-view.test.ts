import { expect, it } from "vitest";
import type { ChannelEntry } from "../../client/index.ts";
import { viewOfEntries } from "./guess-view.ts";

function entry(text: string, more: Partial<ChannelEntry> = {}): ChannelEntry {
  const payload = new TextEncoder().encode(text);
  return { type: "data", senderId: "exe", replyTo: 0, payload, ...more } as ChannelEntry;
}

it.each([
  ["text", []],
  ["text", [entry("a line\n"), entry("1\n")]],
  ["json", [entry('{"a":1}'), entry("[1]")]],
  ["chat", [entry("2 + 2?", { senderId: "sub" }), entry("4")]],
  ["chat", [entry("4", { replyTo: 1 })]],
  ["chat", [entry("{}", { type: "jobwire.question" })]],
  ["progress", [entry("{}", { type: "jobwire.progress" }), entry("done\n")]],
  ["progress", [entry("{}", { type: "jobwire.metric" })]],
  ["hex", [entry("PNG\u0000\u0001")]],
])("shows as %s what is like this (%#)", (view, entries) => {
  expect(viewOfEntries(entries)).toBe(view);
});

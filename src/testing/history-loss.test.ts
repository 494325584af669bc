import { describe, expect, it } from "vitest";
import { judge } from "../../test/history-verdict.ts";
import type { HistoryEvent } from "./history-events.ts";

const put = (register: string, value: string, expected?: string): HistoryEvent[] => [
  { kind: "changeSent", register, change: `put ${value}`, expected, value },
  { kind: "changeAcknowledged", register, change: `put ${value}`, revision: value },
];
const look = (register: string, value?: string, isRewritten = false): HistoryEvent[] => [
  { kind: "lookSent", register, look: "look" },
  {
    ...{ kind: "lookAnswered", register, look: "look", value, isRewritten },
    revision: isRewritten ? "another" : value,
  },
];
const add = (call: string, first: number): HistoryEvent[] => [
  { kind: "appendSent", log: "log", call, contents: Array.from(call) },
  {
    ...{ kind: "appendAcknowledged", log: "log", call },
    positions: Array.from(call, (_, index) => first + index),
  },
];
const read = (contents: string): HistoryEvent[] => [
  {
    ...{ kind: "readAnswered", log: "log", client: "reader", after: 0, isEnd: true },
    entries: Array.from(contents, (content, index) => ({ position: index + 1, content })),
  },
];
const loss = (keptEvents = 0): HistoryEvent => ({ kind: "crashed", mayLose: true, keptEvents });
const epoch: HistoryEvent = { kind: "epochChanged", log: "log", epoch: "next" };

describe("a history checker after a crash that may lose something", () => {
  it.each<[string, HistoryEvent[]]>([
    [
      "the last change",
      [...put("a", "1"), ...put("b", "2"), loss(), ...look("a", "1"), ...look("b")],
    ],
    ["all of it", [...put("a", "1"), ...put("b", "2"), loss(), ...look("a"), ...look("b")]],
    [
      "either of two changes that were under way together",
      [
        ...put("a", "1").slice(0, 1),
        ...put("b", "2"),
        ...put("a", "1").slice(1),
        loss(),
        ...look("b"),
        ...look("a", "1"),
      ],
    ],
    ["what the store has written again", [...put("a", "1"), loss(), ...look("a", "1", true)]],
    ["whole calls", [...add("ab", 1), ...add("cd", 3), loss(), epoch, ...read("ab")]],
    [
      "positions that are others in the next epoch",
      [...add("ab", 1), ...add("cd", 3), loss(), epoch, ...read("ab"), ...add("ef", 3)],
    ],
  ])("accepts the loss of %s", (_, events) => {
    expect(judge(events)).toBe("");
  });

  it.each<[string, HistoryEvent[], string]>([
    [
      "something before what is kept",
      [...put("a", "1"), ...put("b", "2"), loss(), ...look("a"), ...look("b", "2")],
      "a: put 1 is lost, and b: put 2, begun later, is not",
    ],
    [
      "something that was safe",
      [...put("a", "1"), loss(2), ...look("a")],
      "a: change put 1 is lost, which was safe by then",
    ],
    [
      "something to a version that never was",
      [...put("a", "1"), loss(), ...look("a", "3")],
      "a: revision 3 after a crash is no version that was: 3",
    ],
    [
      "a part of a call",
      [...add("ab", 1), loss(), epoch, ...read("a")],
      "log log: call ab is there by half: b is lost",
    ],
    [
      "an entry that comes back",
      [...add("a", 1), ...add("b", 2), loss(), epoch, ...read("a"), ...read("ab")],
      "log log: position 2, of call b, is there, but the call was lost",
    ],
    [
      "an entry to another one",
      [...add("a", 1), ...add("b", 2), loss(), epoch, ...read("b")],
      "log log: position 1 was a and is now b (read by reader after 0)",
    ],
  ])("reports the loss of %s", (_, events, problem) => {
    expect(judge(events)).toContain(problem);
  });
});

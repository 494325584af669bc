import { describe, expect, it } from "vitest";
import { judge } from "../../test/history-verdict.ts";
import type { HistoryEvent, LogEvent, RegisterEvent } from "./history-events.ts";

type WithoutName<Event> = Event extends unknown ? Omit<Event, "log" | "register"> : never;

const onLog = (...events: WithoutName<LogEvent>[]) =>
  events.map((event): HistoryEvent => ({ ...event, log: "out" }));
const onRegister = (...events: WithoutName<RegisterEvent>[]) =>
  events.map((event): HistoryEvent => ({ ...event, register: "record" }));
const crash: HistoryEvent = { kind: "crashed", mayLose: false };

/** A call named after its contents: `ab` is to add the entries `a` and `b`. */
const sent = (call: string, fields: object = {}) =>
  onLog({ kind: "appendSent", call, contents: Array.from(call), ...fields });
const acknowledged = (call: string, first: number) =>
  onLog({ kind: "appendAcknowledged", call, positions: Array.from(call, (_, i) => first + i) });
const added = (call: string, first: number, fields: object = {}) => [
  ...sent(call, fields),
  ...acknowledged(call, first),
];
const refused = (call: string) => onLog({ kind: "appendRefused", call });
const inDoubt = (call: string) => onLog({ kind: "appendInDoubt", call });
const read = (contents: string, after = 0, fields: object = {}) =>
  onLog(
    { kind: "readSent", read: "r" },
    {
      kind: "readAnswered",
      read: "r",
      client: "reader",
      after,
      entries: Array.from(contents, (content, i) => ({ position: after + 1 + i, content })),
      isEnd: true,
      ...fields,
    },
  );

const changeSent = (change: string, expected: string | undefined, value: string | undefined) =>
  onRegister({ kind: "changeSent", change, expected, value });
const changed = (change: string, revision: string | undefined) =>
  onRegister({ kind: "changeAcknowledged", change, revision });
const changeRefused = (change: string, isConflict = true) =>
  onRegister({ kind: "changeRefused", change, isConflict });
const look = (revision: string | undefined, value = revision) =>
  onRegister({ kind: "lookSent", look: "l" }, { kind: "lookAnswered", look: "l", value, revision });
/** The record with value `one` at revision `r1`. */
const one = [...changeSent("c1", undefined, "one"), ...changed("c1", "r1")];

describe("the history checker", () => {
  it.each<[rule: string, events: readonly HistoryEvent[], message: string]>([
    [
      "an acknowledged entry that a later read does not have",
      [...added("ab", 1), ...read("a")],
      "log out: reader was told that the log ends behind 1, but 2 was acknowledged or shown",
    ],
    [
      "an acknowledged entry that a crash has lost",
      [...added("a", 1), crash, ...read("")],
      "log out: reader was told that the log ends behind 0, but 1 was acknowledged or shown",
    ],
    [
      "an entry in doubt that was shown and then lost",
      [...sent("a"), ...read("a"), crash, ...read("")],
      "log out: reader was told that the log ends behind 0, but 1 was acknowledged or shown",
    ],
    [
      "an acknowledgement of another position than the entry has",
      [...sent("a"), ...sent("b"), ...read("ab"), ...acknowledged("a", 2)],
      "log out: position 2 was b and is now a (acknowledged of call a)\n" +
        "log out: a is at position 1 and again at 2 (acknowledged of call a)",
    ],
    [
      "a position that is another entry after a crash",
      [...sent("a"), ...sent("b"), ...read("a"), crash, ...read("b")],
      "log out: position 1 was a and is now b (read by reader after 0)",
    ],
    [
      "two acknowledgements of one position",
      [...added("a", 1), ...added("b", 1)],
      "log out: position 1 was a and is now b (acknowledged of call b)",
    ],
    [
      "an entry that is there twice",
      [...sent("a"), ...inDoubt("a"), ...sent("a"), ...acknowledged("a", 1), ...read("aa")],
      "log out: a is at position 1 and again at 2 (read by reader after 0)",
    ],
    [
      "an entry that nobody sent",
      read("x"),
      "log out: position 1 is x, which nobody sent (read by reader after 0)",
    ],
    [
      "a refused entry that is there",
      [...sent("a"), ...refused("a"), ...read("a")],
      "log out: position 1, of call a, is there, but the call was refused",
    ],
    [
      "half of a call in doubt",
      [...sent("ab"), ...inDoubt("ab"), ...read("a")],
      "log out: call ab is there by half: b is not at 2",
    ],
    [
      "a call with something else in its middle",
      [...sent("ab"), ...sent("x"), ...read("axb")],
      "log out: call ab is there by half: b is not at 2\n" +
        "log out: call ab is there by half: a is not at 2",
    ],
    [
      "a position that is skipped",
      [
        ...added("a", 1),
        ...added("b", 3),
        ...onLog({
          kind: "readAnswered",
          client: "reader",
          after: 1,
          entries: [{ position: 3, content: "b" }],
          isEnd: true,
        }),
      ],
      "log out: reader read 3 where 2 was next, after 1",
    ],
    [
      "calls of a producer in another order",
      [...sent("a", { producer: "p" }), ...sent("b", { producer: "p" }), ...read("ba")],
      "log out: position 2, of call a, comes after a later call of producer p",
    ],
    [
      "an entry of an old term behind a fence",
      [
        ...sent("a", { term: 1 }),
        ...onLog({ kind: "fenced", term: 2, next: 1 }),
        ...acknowledged("a", 1),
      ],
      "log out: position 1, of call a, has term 1, behind a fence of term 2",
    ],
    [
      "an entry behind the seal",
      [...added("a", 1), ...onLog({ kind: "sealed", last: 1 }), ...added("b", 2)],
      "log out: b is at 2, behind the seal at 1 (acknowledged of call b)",
    ],
    [
      "a seal before an entry that was shown",
      [...added("ab", 1), ...onLog({ kind: "sealed", last: 1 })],
      "log out: was sealed behind 1, but 2 is known",
    ],
    [
      "a client that sees less than before, where others may",
      [
        ...added("ab", 1),
        ...read("ab"),
        ...read("a", 0, { client: "other", read: undefined }),
        ...read("a", 0, { read: undefined }),
      ],
      "log out: reader was told that the log ends behind 1, but 2 was acknowledged or shown",
    ],
    [
      "a gap for a reader who misses nothing",
      [...added("abc", 1, { logicalFirst: 2 }), ...read("bc", 1, { gap: { first: 2 } })],
      "log out: a gap up to 2 was reported to a reader after 1, who misses nothing",
    ],
    [
      "entries that are gone and may not",
      [
        ...added("abc", 1, { logicalFirst: 2 }),
        ...onLog({
          kind: "readAnswered",
          client: "reader",
          after: 0,
          entries: [{ position: 3, content: "c" }],
          isEnd: true,
          gap: { first: 3 },
        }),
      ],
      "log out: entries before 3 are gone, but only those before 2 may",
    ],
    [
      "entries of a log that was removed",
      [...added("a", 1), ...onLog({ kind: "removed" }), ...read("a")],
      "log out: reader read entries of a log that was removed",
    ],
    [
      "an append to a log that was removed",
      [...onLog({ kind: "removed" }), ...added("a", 1)],
      "log out: call a was acknowledged after the log was removed",
    ],
    [
      "a new epoch without a reason",
      [...added("a", 1), crash, ...onLog({ kind: "epochChanged", epoch: "e2" })],
      "log out: has the new epoch e2, but nothing could be lost",
    ],
    [
      "a loss without a new epoch, also where a loss is allowed",
      [...added("a", 1), { kind: "crashed", mayLose: true }, ...read("")],
      "log out: reader was told that the log ends behind 0, but 1 was acknowledged or shown",
    ],
    ["a record that is gone", [...one, crash, ...look(undefined)], "record: revision r1 is gone"],
    [
      "a record that goes back to an old version",
      [...one, ...changeSent("c2", "r1", "two"), ...changed("c2", "r2"), ...look("r1", "one")],
      "record: went back to revision r1 from revision r2",
    ],
    [
      "a record that has changed without a change",
      [...one, ...look("r1", "other")],
      "record: revision r1 was one and is now other",
    ],
    [
      "a record that nobody wrote",
      [...one, ...look("r2", "two")],
      "record: revision r2 is no change that was made to revision r1: two",
    ],
    [
      "a change in doubt that comes true after a crash and a look without it",
      [...one, ...changeSent("c2", "r1", "two"), crash, ...look("r1", "one"), ...look("r2", "two")],
      "record: revision r2 is no change that was made to revision r1: two",
    ],
    [
      "a deleted record that comes back",
      [
        ...one,
        ...changeSent("c2", "r1", undefined),
        ...changed("c2", undefined),
        ...look("r1", "one"),
      ],
      "record: went back to revision r1 from nothing",
    ],
    [
      "two changes of one revision",
      [
        ...one,
        ...changeSent("c2", "r1", "two"),
        ...changeSent("c3", "r1", "three"),
        ...changed("c2", "r2"),
        ...changed("c3", "r3"),
      ],
      "record: change c3 expected revision r1 and was acknowledged at revision r2",
    ],
    [
      "a revision that is given twice",
      [
        ...one,
        ...changeSent("c2", "r1", undefined),
        ...changed("c2", undefined),
        ...changeSent("c3", undefined, "three"),
        ...changed("c3", "r1"),
      ],
      "record: revision r1 was given twice",
    ],
    [
      "a refused change that was seen",
      [...one, ...changeSent("c2", "r1", "two"), ...look("r2", "two"), ...changeRefused("c2")],
      "record: change c2 was refused, but had been seen",
    ],
    [
      "a conflict without another change",
      [...one, ...changeSent("c2", "r1", "two"), ...changeRefused("c2")],
      "record: change c2 got a conflict at revision r1, the current one",
    ],
  ])("reports %s", (_, events, message) => {
    expect(judge(events)).toBe(message);
  });

  it.each<[what: string, events: readonly HistoryEvent[]]>([
    ["an entry in doubt that is there", [...sent("a"), ...inDoubt("a"), ...read("a")]],
    ["an entry in doubt that is not there", [...sent("a"), ...inDoubt("a"), ...read("")]],
    [
      "a call in doubt of which a part was trimmed unseen",
      [
        ...sent("ab"),
        ...inDoubt("ab"),
        ...sent("c", { logicalFirst: 2 }),
        ...read("bc", 1, { after: 0, gap: { first: 2 } }),
      ],
    ],
    [
      "a client that asked for more than there was",
      [...read("", 5), ...added("a", 1), ...read("a")],
    ],
    ["a refused entry that is sent again", [...sent("a"), ...refused("a"), ...added("a", 1)]],
    [
      "an entry that is there though its second try was refused",
      [...sent("a"), ...inDoubt("a"), ...sent("a"), ...refused("a"), ...read("a")],
    ],
    [
      "a loss with a new epoch where a loss is allowed",
      [
        ...added("a", 1),
        ...added("b", 2),
        { kind: "crashed", mayLose: true },
        ...onLog({ kind: "epochChanged", epoch: "e2" }),
        ...read("a"),
        ...added("c", 2),
        ...read("ac"),
      ],
    ],
    [
      "a read that was under way while an entry was acknowledged",
      [
        ...onLog({ kind: "readSent", read: "r" }),
        ...added("a", 1),
        ...onLog({
          kind: "readAnswered",
          read: "r",
          client: "reader",
          after: 0,
          entries: [],
          isEnd: true,
        }),
      ],
    ],
    [
      "a change in doubt that has happened, and another one on top of it",
      [
        ...one,
        ...changeSent("c2", "r1", "two"),
        crash,
        ...look("r2", "two"),
        ...changeSent("c3", "r2", "three"),
        ...changed("c3", "r3"),
        ...look("r3", "three"),
      ],
    ],
    [
      "a delete in doubt that has happened, and another life",
      [
        ...one,
        ...changeSent("c2", "r1", undefined),
        ...changeSent("c3", undefined, "three"),
        ...changed("c3", "r3"),
        ...changed("c2", undefined),
        ...look("r3", "three"),
      ],
    ],
    [
      "a conflict with a change under way",
      [
        ...one,
        ...changeSent("c2", "r1", "two"),
        ...changeSent("c3", "r1", "three"),
        ...changeRefused("c3"),
        ...changed("c2", "r2"),
      ],
    ],
  ])("accepts %s", (_, events) => {
    expect(judge(events)).toBe("");
  });
});

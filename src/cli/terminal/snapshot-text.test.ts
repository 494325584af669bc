import headless from "@xterm/headless";
import fc from "fast-check";
import { describe, it } from "vitest";
import { runCount } from "../../../test/run-count.ts";
import { expectSameAfter, type ScreenStep } from "../../../test/terminal/screen-copy.ts";
import { cutSession, cutSessionRuns } from "../../../test/terminal/cut-session.ts";
import { Screen } from "./screen.ts";
import { insidesOf, readCharsets } from "./terminal-insides.ts";

const letters = readCharsets(insidesOf(new headless.Terminal()));

describe("a snapshot", () => {
  it(
    "brings another screen to the same state, for all that may follow",
    { timeout: runCount(60_000, 3_600_000) },
    async () => {
      await fc.assert(
        fc.asyncProperty(cutSession, async (session) => {
          await expectSameAfter(Screen, letters, session);
        }),
        cutSessionRuns,
      );
    },
  );

  const found: readonly (readonly [string, string, readonly ScreenStep[]])[] = [
    [
      "lines of which the terminal would lose some with the next size",
      "世aa世aaaa\u001b[0L世世世",
      [{ columns: 2, rows: 3 }],
    ],
    ["rows that scroll after they were looked at", "\u001b[3;5Haa", ["\n"]],
    [
      "a link that began in a row that is gone",
      "\u001b]8;;http://b/\u001b\\x\n\n\nx",
      [{ columns: 5, rows: 1 }],
    ],
    [
      "half of a wide character in the last column without autowrap",
      "\u001b[?7l\u001b[1;4H世a",
      [],
    ],
    ["a wide character that finds no room without autowrap", "\u001b[?7labcde世", ["\u0301"]],
    ["a last column after which the next row waits", "abcde\u001b[m", ["\u0301x"]],
    ["a character that a mark may still join", "ae", ["\u0301"]],
    [
      "a character that may still be repeated, in insert mode",
      "abc\u001b[4h\u001b[1;2Hx",
      ["\u001b[2b"],
    ],
    ["the alignment pattern with an underline", "\u001b[4:4m\u001b#8", []],
    [
      "attributes that are restored without their style",
      "\u001b[4:3m\u001b7\u001b[m\u001b8",
      ["x"],
    ],
    [
      "a character set that is restored into another slot",
      "\u001b(0\u001b7\u001b(B\u000e\u001b8",
      ["q\u000fq\u000eq"],
    ],
    [
      "empty cells with attributes, in the first and other columns",
      "世世\u001b[1;7;31m\u001b[1;2Hx\u001b[1;3Hy",
      [],
    ],
    ["an underline colour before there is an underline", "\u001b[58;5;9m", ["\u001b[4mx"]],
    [
      "a saved cursor of the hidden alternate screen",
      "\u001b[?47h\u001b[2;3H\u001b[31m\u001b7\u001b[?47l",
      ["\u001b[?47h\u001b8x"],
    ],
    [
      "a cursor outside of the region in origin mode",
      "\u001b[2;3r\u001b[?47h\u001b[?6h\u001b[?47l",
      ["x"],
    ],
    [
      "a first row that continues one that is gone",
      "\u001b[3;1Habcdefghij",
      ["\u001b[H\u001b[?45h\b\b", { columns: 3, rows: 3 }],
    ],
    [
      "halves of wide characters between which something is inserted",
      "世a世a\u001b[1;4H\u001b[@",
      ["x"],
    ],
    ["a full row of which the columns move on", "abcde\u001b[2 @", ["x"]],
    ["a row that is full and then empty", "abcde\u001b[2K", ["x"]],
    ["marks by themselves after a full row", "abcde\u001b[m\u0301\u0301\n", ["x"]],
    [
      "a character with a mark beside one that was written over",
      "\u001b[1;5Haa\u0301\u001b[Daa\ufe0fa",
      ["\u001b[3H", { columns: 4, rows: 3 }],
    ],
    ["tab stops", "\u001b[3g\u001b[1;3H\u001bH\u001b[H", ["\tx\tx"]],
    ["tab stops, when all are cleared", "\u001b[3g", ["\tx", { columns: 20, rows: 3 }, "\r\t\tx"]],
  ];
  it.each(found)("carries %s", async (_, before, after) => {
    await expectSameAfter(Screen, letters, {
      size: { columns: 5, rows: 3 },
      before: [before],
      after,
    });
  });

  const resized: readonly (readonly [string, readonly ScreenStep[], readonly ScreenStep[]])[] = [
    [
      "a row of nothing but what wide characters left behind",
      ["世a\u001b[1;2H\u001b[48:2::0:0:9;38:2::0:0:9m世"],
      ["\u001b[1;1H\u001b[P", { columns: 2, rows: 1 }],
    ],
    [
      "a first row that continues one that is gone, with a background that the alternate screen saved",
      [
        { columns: 2, rows: 1 },
        "😀a",
        { columns: 2, rows: 2 },
        "\u001b[40m\u001b[?47h\u001b[1;1H\u001b7\u001b[?47l",
      ],
      [],
    ],
    [
      "a saved cursor in a row that is gone from above a narrower screen",
      [{ columns: 3, rows: 3 }, "aaaa\u001b[1K\u001b[3;3H世", { columns: 2, rows: 3 }],
      [],
    ],
  ];
  it.each(resized)("carries %s", async (_, before, after) => {
    await expectSameAfter(Screen, letters, { size: { columns: 2, rows: 2 }, before, after });
  });
});

import { describe, expect, it } from "vitest";
import { cursor, readModes } from "./screen-modes.ts";
import { rowText } from "./screen-rows.ts";
import { Screen } from "./screen.ts";

async function createScreen(output = "", size = { columns: 20, rows: 5 }): Promise<Screen> {
  const screen = await Screen.create(size);
  await screen.write(output);
  return screen;
}

describe("Screen", () => {
  it("captures what was written before, and nothing that follows in the same turn", async () => {
    const screen = await createScreen();
    void screen.write("before");
    const captured = screen.capture();
    void screen.write("after");
    const copy = await createScreen(await captured);
    expect(rowText(copy, 0, { from: 0, width: 8 })).toBe("before  ");
  });

  it("takes another size after what was written before", async () => {
    const screen = await createScreen();
    void screen.write(`\u001b[H${"x".repeat(20)}y`);
    await screen.resize({ columns: 30, rows: 4 });
    expect([screen.columns, screen.rows]).toEqual([30, 4]);
    expect(rowText(screen, 1, { from: 0, width: 2 })).toBe("y ");
  });

  it("has no row twice after it became narrower and higher", async () => {
    const screen = await Screen.create({ columns: 3, rows: 3 });
    void screen.write("a世世a\v");
    await screen.resize({ columns: 2, rows: 4 });
    const rows = [0, 1, 2, 3].map((row) => rowText(screen, row, { from: 0, width: 2 }));
    expect(rows[3]).toBe("  ");
  });

  it("answers what the program asks", async () => {
    const screen = await createScreen();
    const replies: string[] = [];
    screen.onReply((bytes) => replies.push(bytes));
    await screen.write("\u001b[3;4H\u001b[6n");
    expect(replies).toEqual(["\u001b[3;4R"]);
  });

  it.each([
    ["\u001b[3", "1mx"],
    ["\u001b[3\n", "1mx"],
    ["\u001b]8;;http://exam", "ple.com\u0007x"],
    ["\u009b3", "1mx"],
    ["\u001bP$q", "m\u001b\\x"],
    ["\u001b", "[31mx"],
  ])("carries the unfinished %j on", async (first, rest) => {
    const screen = await createScreen(first);
    const copy = await createScreen(await screen.capture());
    expect([screen.isAtRest, copy.isAtRest]).toEqual([false, false]);
    for (const each of [screen, copy]) await each.write(rest);
    expect(await copy.capture()).toBe(await screen.capture());
    expect(copy.isAtRest).toBe(true);
  });
});

describe("rowText", () => {
  it("is as wide as the part, and cuts wide characters at its edges", async () => {
    const screen = await createScreen("\u001b[31ma世界b");
    expect(rowText(screen, 0, { from: 2, width: 3 })).toBe("\u001b[m\u001b[31m 界\u001b[m");
    expect(rowText(screen, 0, { from: 0, width: 2 })).toBe("\u001b[m\u001b[31ma \u001b[m");
    expect(rowText(screen, 0, { from: 18, width: 4 })).toBe("    ");
  });

  it("sets the column anew after what is not equally wide everywhere", async () => {
    const screen = await createScreen("☎ x");
    expect(rowText(screen, 0, { from: 0, width: 3, at: 4 })).toBe("☎\u001b[6G x");
  });

  it("has no links", async () => {
    const screen = await createScreen("\u001b]8;;http://example.com\u0007x\u001b]8;;\u0007");
    expect(rowText(screen, 0, { from: 0, width: 1 })).toBe("x");
  });
});

describe("readModes", () => {
  it("tells what input and the cursor depend on", async () => {
    const screen = await createScreen();
    const before = readModes(screen);
    expect(before).toEqual({
      applicationCursorKeys: false,
      applicationKeypad: false,
      bracketedPaste: false,
      focusEvents: false,
      mouseTracking: "none",
      mouseEncoding: "default",
      cursorHidden: false,
      cursorStyle: 0,
    });
    await screen.write("\u001b[?1;1002;1006;1004;2004h\u001b=\u001b[?25l\u001b[4 q");
    expect(readModes(screen)).toEqual({
      applicationCursorKeys: true,
      applicationKeypad: true,
      bracketedPaste: true,
      focusEvents: true,
      mouseTracking: "drag",
      mouseEncoding: "sgr",
      cursorHidden: true,
      cursorStyle: 4,
    });
    await screen.write("\u001bc\u001b[?25h");
    expect(readModes(screen)).toEqual(before);
  });
});

describe("cursor", () => {
  it("stays in the last column while a character there waits for the next row", async () => {
    const screen = await createScreen(`\u001b[2H${"x".repeat(20)}`);
    expect(cursor(screen)).toEqual({ column: 19, row: 1 });
  });
});

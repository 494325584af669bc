import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesMax, TextFinder } from "./text-finder.ts";
import { LineCutter, lineLengthMax } from "./line-cutter.ts";
import { plainStyle, unknownStyle } from "./text-style.ts";
import { TextWindow } from "./text-window.ts";

const utf8 = new TextEncoder();
const time = 1_000;

function append(window: TextWindow, position: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? utf8.encode(text) : text;
  window.append([{ bytes, position, offset: 0, time }]);
}

function textsOf(window: TextWindow): string[] {
  return window.slice(0, window.count).map(({ text }) => text);
}

describe("LineCutter", () => {
  it("makes the same lines of bytes however they are cut into pieces", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "é", "日", "😀", "\n", "\r", "\u001b[1m"),
    });
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 20 }), (written, cuts) => {
        const bytes = utf8.encode(written);
        const whole = new TextWindow();
        append(whole, 1, bytes);
        const pieces = new TextWindow();
        const bounds = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (let i = 1; i < bounds.length; i++)
          append(pieces, i, bytes.subarray(bounds[i - 1], bounds[i]));
        const looksOf = (window: TextWindow) =>
          window.slice(0, window.count).map(({ text: shown, runs, style }) => [shown, runs, style]);
        expect(looksOf(pieces)).toEqual(looksOf(whole));
        const together = new TextWindow();
        const parts = bounds.slice(1).map((end, i) => {
          const begin = bounds[i] ?? 0;
          return { bytes: bytes.subarray(begin, end), position: 1, offset: begin, time };
        });
        together.append(parts);
        expect(together.slice(0, together.count)).toEqual(whole.slice(0, whole.count));
      }),
    );
  });

  it("shows what is no UTF-8 as replacement characters", () => {
    const cutter = new LineCutter();
    const bytes = Uint8Array.from([0x61, 0xff, 0x62, 0xe2, 0x82, 0x0a, 0x63]);
    const [line] = cutter.write([{ bytes, position: 1, offset: 0, time }]);
    expect(line?.text).toBe("a\ufffdb\ufffd");
    expect(cutter.unfinished?.text).toBe("c");
  });

  it("cuts a line of 10 MB into pieces, and knows where each begins", () => {
    const window = new TextWindow();
    const bytes = utf8.encode("é".repeat(5 * 1024 * 1024));
    append(window, 7, bytes);
    const lines = window.slice(0, window.count);
    expect(lines.map(({ text }) => text.length).reduce((a, b) => a + b)).toBe(5 * 1024 * 1024);
    expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThan(2 * lineLengthMax);
    expect(lines.slice(0, -1).every(({ isCut }) => isCut)).toBe(true);

    const { position, offset } = lines[1_000]!;
    const again = new TextWindow();
    again.append([{ bytes: bytes.subarray(offset), position, offset, time }]);
    expect(again.line(0)?.text).toBe(lines[1_000]!.text);
  });

  it("keeps one line of a progress bar, however often it is drawn", () => {
    const window = new TextWindow();
    for (let n = 1; n <= 10_000; n++) append(window, n, `\r${n} of 10000 `);
    expect(textsOf(window)).toEqual(["10000 of 10000 "]);
  });
});

describe("TextWindow", () => {
  it("lets the first lines go, and the numbers of the others stay", () => {
    const window = new TextWindow({ linesMax: 10, charactersMax: 1_000 });
    for (let n = 1; n <= 25; n++) {
      append(window, n, `line ${n}\n`);
      window.trimStart();
    }
    expect(window.line(0)).toMatchObject({ text: "line 16", position: 16, offset: 0 });
    expect(window.firstNumber).toBe(15);
    expect(window.count).toBe(10);
  });

  it("is bounded in characters, too", () => {
    const window = new TextWindow({ linesMax: 1_000, charactersMax: 100 });
    for (let n = 1; n <= 50; n++) append(window, n, `${"x".repeat(30)}\n`);
    window.trimStart();
    expect(window.count).toBe(3);
  });

  it("takes older lines before it, and lets the last ones go to be read again", () => {
    const window = new TextWindow({ linesMax: 4, charactersMax: 1_000 });
    append(window, 3, "\u001b[31mfive\nsix\nseven\n");
    const older = new LineCutter();
    const bytes = utf8.encode("three\nfour\n");
    const lines = older.write([{ bytes, position: 2, offset: 6, time }]);
    window.prepend(lines, older.endStyle);
    expect(window.trimEnd()).toBe(true);

    expect(textsOf(window)).toEqual(["three", "four", "five", "six"]);
    expect(window.firstNumber).toBe(-2);
    expect(window.start).toMatchObject({ position: 2, offset: 6 });
    const { position, offset } = window.end;
    expect({ position, offset }).toEqual({ position: 3, offset: 14 });
    window.append([{ bytes: utf8.encode("seven\n"), position, offset, time }]);
    expect(window.line(4)?.runs).toEqual([{ text: "seven", style: { foreground: 1 } }]);
  });

  it("colours what follows older lines as these end, up to where it says so itself", () => {
    const escape = "\u001b";
    const red = { foreground: 1 };
    const window = new TextWindow();
    window.clear(unknownStyle);
    append(window, 5, `red\n${escape}[1mbold red${escape}[39m bold\nbold\n${escape}[0mplain\n`);
    expect(window.line(0)).toMatchObject({ text: "red", runs: undefined });

    const older = new LineCutter(unknownStyle);
    const bytes = utf8.encode(`before\n${escape}[31m`);
    const lines = older.write([{ bytes, position: 4, offset: 0, time }]);
    window.prepend(lines, older.endStyle);
    const looks = window
      .slice(1, 9)
      .map(({ runs, text }) => runs?.map(({ style }) => ({ ...style, unknown: 0 })) ?? text);
    const bold = { bold: true, unknown: 0 };
    expect(looks).toEqual([
      [{ ...red, unknown: 0 }],
      [{ ...red, ...bold }, bold],
      [bold],
      [{ unknown: 0 }],
    ]);
    expect(window.line(0)).toMatchObject({ text: "before", runs: undefined });
  });

  it("goes on in the colour of older lines with what comes, too", () => {
    const window = new TextWindow();
    window.clear(unknownStyle);
    append(window, 5, "first\nhal");
    const older = new LineCutter();
    const lines = older.write([
      { bytes: utf8.encode("\u001b[32mgreen\n"), position: 4, offset: 0, time },
    ]);
    window.prepend(lines, older.endStyle);
    append(window, 6, "f\nlast\n");
    const green = { foreground: 2 };
    expect(window.slice(0, 9).map(({ runs }) => runs)).toEqual(
      ["green", "first", "half", "last"].map((text) => [{ text, style: green }]),
    );
  });

  it("says what is missing in a line of its own", () => {
    const window = new TextWindow();
    append(window, 1, "half of a li");
    window.appendNotice(
      { kind: "gap", text: "12 bytes are missing" },
      { position: 2, offset: 0 },
      time,
    );
    append(window, 3, "ne\n");
    expect(window.slice(0, 9).map(({ text, notice }) => [text, notice])).toEqual([
      ["half of a li", undefined],
      ["12 bytes are missing", "gap"],
      ["ne", undefined],
    ]);
  });

  it("finds a text in all lines, whatever its case", () => {
    const window = new TextWindow();
    append(window, 1, "Error: a.b\nnone\nan error, an ERROR");
    const find = (query: string) => new TextFinder(window, query).update();
    expect(find("error")).toEqual([
      { number: 0, from: 0, to: 5 },
      { number: 2, from: 3, to: 8 },
      { number: 2, from: 13, to: 18 },
    ]);
    expect(find("a.b")).toHaveLength(1);
    expect(find("a?b")).toEqual([]);
    expect(find("")).toEqual([]);
  });

  it("keeps what was found while lines come and go, as if it had looked again", () => {
    const step = fc.oneof(
      fc.record({ append: fc.stringMatching(/^[ab\n]{0,12}$/) }),
      fc.record({ prepend: fc.array(fc.stringMatching(/^[ab]{0,4}$/), { maxLength: 4 }) }),
      fc.constantFrom("trim start", "trim end", "clear"),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const window = new TextWindow({ linesMax: 8, charactersMax: 1_000 });
        const finder = new TextFinder(window, "ab");
        let position = 0;
        for (const what of steps) {
          if (what === "trim start") window.trimStart();
          else if (what === "trim end") window.trimEnd();
          else if (what === "clear") window.clear();
          else if ("append" in what) append(window, ++position, what.append);
          else {
            const bytes = utf8.encode(what.prepend.map((text) => `${text}\n`).join(""));
            const lines = new LineCutter().write([{ bytes, position: 0, offset: 0, time }]);
            window.prepend(lines, plainStyle);
          }
          expect(finder.update()).toEqual(new TextFinder(window, "ab").update());
        }
      }),
    );
  });

  it("finds so many places at most, and others once these are gone", () => {
    const window = new TextWindow({ linesMax: 1_000_000, charactersMax: matchesMax + 100 });
    const finder = new TextFinder(window, "x");
    for (let n = 1; n <= 30; n++) append(window, n, `${"x".repeat(1_000)}\n`);
    expect(finder.update()).toHaveLength(matchesMax);
    window.trimStart();
    expect(finder.update().at(-1)?.number).toBe(29);
  });
});

import fc from "fast-check";

// What programs write to terminals, and what nobody would write.

const escape = "\u001b";
const number = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 13 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom("", "99") },
);

const csi = (parameters: fc.Arbitrary<string>, ...ends: readonly string[]) =>
  fc.tuple(parameters, fc.constantFrom(...ends)).map(([text, end]) => `${escape}[${text}${end}`);
const two = fc.tuple(number, number).map((both) => both.join(";"));
const one = (...texts: readonly string[]) => fc.constantFrom(...texts);

const wide = ["世", "界", "한", "ｗ", "\u3000"];
const narrow = ["a", "b", "q", "x", "~", " ", "#", "é", "😀", "─"];
const marks = ["\u0301", "\u0308", "\u200d", "\ufe0f"];

const text = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: one(...narrow) },
      { weight: 2, arbitrary: one(...wide) },
      { weight: 1, arbitrary: one(...marks) },
    ),
    { minLength: 1, maxLength: 16 },
  )
  .map((characters) => characters.join(""));

const byte = fc.integer({ min: 0, max: 255 });
const rendition = fc
  .array(
    fc.oneof(
      one("0", "", "1", "2", "3", "4", "5", "7", "8", "9", "21", "22", "23", "24", "25", "27"),
      one("28", "29", "39", "49", "53", "55", "59", "4:0", "4:1", "4:2", "4:3", "4:4", "4:5"),
      fc
        .constantFrom(30, 40, 90, 100)
        .chain((first) => fc.integer({ min: first, max: first + 7 }).map(String)),
      fc
        .tuple(one("38;5", "48;5", "58;5", "58:5"), byte)
        .map(([code, value]) => `${code}${code.includes(":") ? ":" : ";"}${value}`),
      fc.tuple(one("38;2", "48;2", "58;2"), byte, byte, byte).map((all) => all.join(";")),
      fc.tuple(one("38:2:", "48:2:", "58:2:"), byte, byte, byte).map((all) => all.join(":")),
    ),
    { maxLength: 3 },
  )
  .map((codes) => `${escape}[${codes.join(";")}m`);

const privateModes = one(
  "1",
  "2",
  "3",
  "5",
  "6",
  "7",
  "9",
  "12",
  "25",
  "45",
  "47",
  "66",
  "1000",
  "1002",
  "1003",
  "1004",
  "1006",
  "1015",
  "1016",
  "1047",
  "1048",
  "1049",
  "2004",
  "2026",
);

const link = fc
  .tuple(one("", "id=1", "id=2"), one("", "http://a/", "http://b/;c"))
  .map(([id, uri]) => `${escape}]8;${uri === "" ? "" : id};${uri}${escape}\\`);

const designation = fc
  .tuple(one("(", ")", "*", "+", "-", "."), one(...Array.from("0AB4C5RQKYE6ZH7=")))
  .map(([slot, letter]) => escape + slot + letter);

/** Obeyed at once, or the end of the sequence within which it stands. */
const interrupted = fc
  .tuple(
    fc.oneof(csi(two, "H", "r"), rendition),
    one("\n", "\r", "\b", "\t", "\u000e", "\u0018"),
    fc.nat(),
  )
  .map(([sequence, control, place]) => {
    const after = 1 + (place % (sequence.length - 1));
    return sequence.slice(0, after) + control + sequence.slice(after);
  });

const plainPiece: fc.Arbitrary<string> = fc.oneof(
  { weight: 14, arbitrary: text },
  { weight: 6, arbitrary: rendition },
  { weight: 5, arbitrary: one("\r", "\n", "\r\n", "\b", "\t", "\u0007", "\u000b", "\0") },
  {
    weight: 3,
    arbitrary: one("\u000e", "\u000f", ..."DEHM78=>nocNOZ#".split("").map((end) => escape + end)),
  },
  { weight: 6, arbitrary: csi(two, "H", "f") },
  { weight: 8, arbitrary: csi(number, ..."ABCDEFGIZ`adeb@PXLMST".split("")) },
  { weight: 1, arbitrary: csi(number, " @", " A", "'}", "'~") },
  { weight: 5, arbitrary: csi(one("", "0", "1", "2", "3"), "J", "K") },
  { weight: 1, arbitrary: csi(one("?0", "?1", "?2"), "J", "K") },
  { weight: 4, arbitrary: csi(two, "r") },
  {
    weight: 1,
    arbitrary: one(`${escape}[r`, `${escape}[s`, `${escape}[u`, `${escape}[!p`, `${escape}#8`),
  },
  {
    weight: 6,
    arbitrary: csi(
      privateModes.map((mode) => `?${mode}`),
      "h",
      "l",
    ),
  },
  { weight: 3, arbitrary: csi(one("4", "20"), "h", "l") },
  { weight: 2, arbitrary: csi(one("0", "3"), "g") },
  { weight: 2, arbitrary: csi(one("0", "1", "2", "3", "4", "5", "6", "7"), " q") },
  { weight: 1, arbitrary: csi(one("0", "1", "2"), '"q') },
  { weight: 3, arbitrary: designation },
  { weight: 2, arbitrary: link },
  {
    weight: 1,
    arbitrary: one(
      `${escape}]0;title\u0007`,
      `${escape}]52;c;eA==\u0007`,
      `${escape}_x${escape}\\`,
      `${escape}%G`,
    ),
  },
  {
    weight: 1,
    arbitrary: one(
      `${escape}[c`,
      `${escape}[6n`,
      `${escape}[?6n`,
      `${escape}P$qm${escape}\\`,
      `${escape}[?25$p`,
      `${escape}[18t`,
    ),
  },
);

/** The other screen, from beginning to end. */
const excursion = fc
  .tuple(one("47", "1047", "1049"), fc.array(plainPiece, { maxLength: 5 }), csi(two, "H"))
  .map(([mode, pieces, there]) =>
    [`${escape}[?${mode}h`, ...pieces, there, `${escape}7`, `${escape}[?${mode}l`].join(""),
  );

/** One thing that is written. */
export const outputPiece: fc.Arbitrary<string> = fc.oneof(
  { weight: 40, arbitrary: plainPiece },
  { weight: 2, arbitrary: interrupted },
  { weight: 1, arbitrary: excursion },
);

export const output = fc.array(outputPiece, { maxLength: 24, size: "max" });

export const size = fc.record({
  columns: fc.oneof(fc.integer({ min: 2, max: 20 })),
  rows: fc.integer({ min: 1, max: 7 }),
});

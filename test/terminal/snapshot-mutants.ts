import type { Mutant } from "../storage/mutant-source.ts";

export interface SnapshotMutant extends Mutant {
  /** Recorded session that finds it, too. */
  readonly session?: string;
}

/** Bugs of snapshots: a screen that begins with one is not the one from the start, or does not stay it. */
export const snapshotMutants: readonly SnapshotMutant[] = [
  {
    name: "forgets that pasting is put in brackets",
    session: "shell",
    file: "snapshot-text.ts",
    find: '[modes.bracketedPasteMode, "\\u001b[?2004h"],',
    replace: "",
  },
  {
    name: "forgets that there is no autowrap",
    file: "snapshot-text.ts",
    find: '[!modes.wraparound, "\\u001b[?7l"],',
    replace: "",
  },
  {
    name: "forgets how the mouse is told",
    session: "htop",
    file: "snapshot-text.ts",
    find: "const mouse = [coreMouseService.activeProtocol, coreMouseService.activeEncoding];",
    replace: "const mouse = [coreMouseService.activeProtocol];",
  },
  {
    name: "shows a cursor that is hidden",
    file: "snapshot-text.ts",
    find: 'coreService.isCursorHidden ? "\\u001b[?25l" : "\\u001b[?25h"',
    replace: '"\\u001b[?25h"',
  },
  {
    name: "forgets the insert mode",
    file: "snapshot-text.ts",
    find: 'if (insertMode) text += "\\u001b[4h";',
    replace: "",
  },
  {
    name: "forgets the region that scrolls",
    session: "tmux",
    file: "snapshot-text.ts",
    find: "this.#savedCursorText(buffer) + region;",
    replace: "this.#savedCursorText(buffer);",
  },
  {
    name: "forgets the origin mode",
    file: "snapshot-text.ts",
    find: 'let text = origin ? "\\u001b[?6h" : "";',
    replace: 'let text = "";',
  },
  {
    name: "forgets tab stops",
    session: "shell",
    file: "snapshot-text.ts",
    find: "return text + this.#tabsText(buffer) + ",
    replace: "return text + ",
  },
  {
    name: "forgets the saved cursor",
    session: "shell",
    file: "snapshot-text.ts",
    find: "this.#tabsText(buffer) + this.#savedCursorText(buffer) + region",
    replace: "this.#tabsText(buffer) + region",
  },
  {
    name: "forgets what the alternate screen saved, once it is left",
    file: "snapshot-text.ts",
    find: 'if (saved !== "") text +=',
    replace: 'if (saved === "nothing") text +=',
  },
  {
    name: "forgets the character set of a saved cursor",
    file: "snapshot-text.ts",
    find: "if (savedCharset === undefined) return save;",
    replace: "if (savedCharset !== null) return save;",
  },
  {
    name: "forgets designated character sets",
    session: "borders",
    file: "snapshot-text.ts",
    find: " + this.#charsetsText() + ",
    replace: " + ",
  },
  {
    name: "forgets which character set is invoked",
    file: "snapshot-text.ts",
    find: '.concat(glevel === 0 ? "" : (levels[glevel] ?? ""))',
    replace: "",
  },
  {
    name: "forgets with which attributes the program writes",
    session: "htop",
    file: "snapshot-text.ts",
    find: "let text = this.#pen.take(input._curAttrData) + ",
    replace: "let text = ",
  },
  {
    name: "draws the alternate screen onto the normal one",
    session: "vim",
    file: "snapshot-text.ts",
    find: "${this.#pen.take(defaultAttributes)}\\u001b[?1047h`;",
    replace: "${this.#pen.take(defaultAttributes)}`;",
  },
  {
    name: "forgets the row of the hidden screen's cursor",
    file: "snapshot-text.ts",
    find: "`${position(normal.y, 0)}${this",
    replace: "`${position(0, 0)}${this",
  },
  {
    name: "forgets that a full row waits for the next character",
    session: "top",
    file: "snapshot-text.ts",
    find: "return text + this.#pendingWrapText(active, column);",
    replace: "return text;",
  },
  {
    name: "forgets that a mark may still join the last character",
    file: "snapshot-text.ts",
    find: "if (!this.#isJoining) return text;",
    replace: 'if (text !== "") return text;',
  },
  {
    name: "forgets that a row continues the one above",
    session: "less",
    file: "snapshot-rows.ts",
    find: "if (!lineOf(buffer, row).isWrapped) continue;",
    replace: "if (row > 0) continue;",
  },
  {
    name: "forgets that the first row continues one that is gone",
    file: "snapshot-rows.ts",
    find: "if (lineOf(buffer, 0).isWrapped) {",
    replace: "if (columns === 0) {",
  },
  {
    name: "leaves out the background of erased cells",
    session: "htop",
    file: "snapshot-rows.ts",
    find: "if (bg === 0 && !isTouched) return end;",
    replace: "if (!isTouched) return end;",
  },
  {
    name: "joins a mark by itself with what stands before it",
    file: "snapshot-rows.ts",
    find: 'cell.width === 0 ? `\\u001b[${column + 1}G` : "";',
    replace: '"";',
  },
  {
    name: "forgets the colour of underlines",
    file: "cell-attributes.ts",
    find: "return text + underlineColourText(extended._ext & colourBits);",
    replace: "return text;",
  },
  {
    name: "forgets links",
    file: "pen.ts",
    find: 'if (link !== this.#link) text += link === "" ? "\\u001b]8;;\\u001b\\\\" : link;',
    replace: "",
  },
  {
    name: "forgets the beginning of a sequence",
    session: "vim",
    file: "unfinished-output.ts",
    find: "return new TextDecoder().decode(this.#bytes, { stream: true });",
    replace: 'return "";',
  },
  {
    name: "obeys a control within an unfinished sequence twice",
    file: "unfinished-output.ts",
    find: "(state > lastControlState ? bytes : bytes.filter(isNotObeyed))",
    replace: "bytes",
  },
  {
    name: "keeps tab stops beyond the edge of a narrower screen",
    file: "screen-repairs.ts",
    find: ".filter(([column]) => Number(column) < cols)",
    replace: ".filter(([column]) => Number(column) >= 0)",
  },
  {
    name: "keeps cells beyond the edge of a narrower screen",
    file: "screen-repairs.ts",
    find: "if (line.length > columns) line.resize(columns, defaultAttributes);",
    replace: "",
  },
];

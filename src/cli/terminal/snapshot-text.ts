import { defaultAttributes, sameRendition } from "./cell-attributes.ts";
import { Pen } from "./pen.ts";
import { bufferRowsText, position } from "./snapshot-rows.ts";
import {
  lineOf,
  Cell,
  type CharsetLetters,
  type ScreenBuffer,
  type TerminalInsides,
} from "./terminal-insides.ts";

interface Size {
  readonly columns: number;
  readonly rows: number;
}

const slots = ["(", ")", "*", "+"] as const;
const levels = ["\u000f", "\u000e", "\u001bn", "\u001bo"] as const;

/** See `Screen.snapshotText`. */
export function snapshotText(
  insides: TerminalInsides,
  { columns, rows }: Size,
  letters: CharsetLetters,
): string {
  const { normal, alt, active } = insides._bufferService.buffers;
  return new SnapshotText(insides, { columns, rows }, letters).of(normal, alt, active);
}

class SnapshotText {
  readonly #insides: TerminalInsides;
  readonly #size: Size;
  readonly #letters: CharsetLetters;
  readonly #pen: Pen;

  constructor(insides: TerminalInsides, size: Size, letters: CharsetLetters) {
    this.#insides = insides;
    this.#size = size;
    this.#letters = letters;
    this.#pen = new Pen(insides._oscLinkService);
  }

  of(normal: ScreenBuffer, alt: ScreenBuffer, active: ScreenBuffer): string {
    let text = "";
    // What the alternate screen has saved outlives it.
    if (active === normal) {
      const saved = this.#savedCursorText(alt);
      // Rows that are scrolled into place afterwards are blank, and take the background that is left.
      const plain = this.#pen.take(defaultAttributes);
      if (saved !== "") text += `\u001b[?1047h${saved}${plain}\u001b[?1047l`;
    }
    text += this.#bufferText(normal);
    if (active === alt) {
      // The row of the cursor decides how a hidden screen takes another size.
      text += `${position(normal.y, 0)}${this.#pen.take(defaultAttributes)}\u001b[?1047h`;
      text += this.#bufferText(alt);
    }
    return text + this.#cursorText(active, alt) + this.#finalText(active);
  }

  #bufferText(buffer: ScreenBuffer): string {
    const { rows } = this.#size;
    const { scrollTop, scrollBottom } = buffer;
    const region =
      scrollTop === 0 && scrollBottom === rows - 1
        ? ""
        : `\u001b[${scrollTop + 1};${scrollBottom + 1}r`;
    const text = bufferRowsText(buffer, this.#size, this.#pen);
    return text + this.#tabsText(buffer) + this.#savedCursorText(buffer) + region;
  }

  #tabsText({ tabs }: ScreenBuffer): string {
    const columns = Array.from({ length: this.#size.columns }, (_, column) => column);
    if (columns.every((column) => (tabs[column] ?? false) === (column % 8 === 0))) return "";
    const stops = columns.filter((column) => tabs[column] ?? false);
    return `\u001b[3g${stops.map((column) => `\u001b[${column + 1}G\u001bH`).join("")}`;
  }

  #savedCursorText(buffer: ScreenBuffer): string {
    const { savedX, savedY, savedCurAttrData: saved, savedCharset } = buffer;
    const attributes = { fg: saved.fg, bg: saved.bg, extended: defaultAttributes.extended };
    const rendition = this.#pen.take(attributes);
    const isPlain = sameRendition(attributes, defaultAttributes) && savedCharset === undefined;
    if (savedX === 0 && savedY === 0 && isPlain) return rendition;
    const save = `${position(savedY, Math.min(savedX, this.#size.columns - 1))}${rendition}\u001b7`;
    if (savedCharset === undefined) return save;
    return `\u001b(${this.#letterOf(savedCharset)}${save}\u001b(B`;
  }

  /** With origin mode, which moves the cursor, and what follows from where it is. */
  #cursorText(active: ScreenBuffer, alt: ScreenBuffer): string {
    const { x, y, scrollTop, scrollBottom } = active;
    const { origin } = this.#insides.coreService.decPrivateModes;
    const { columns } = this.#size;
    const isAfterCharacter = x >= columns || this.#isJoining;
    const column = isAfterCharacter ? characterBefore(active, x) : x;
    let text = origin ? "\u001b[?6h" : "";
    if (origin && active !== alt && (y < scrollTop || y > scrollBottom)) {
      // Only with its screen does a cursor in origin mode get out of the region.
      text += `\u001b[?1047h${position(y, column)}\u001b[?1047l`;
    } else text += position(y - (origin ? scrollTop : 0), column);
    if (x < columns || this.#isJoining) return text;
    return text + this.#pendingWrapText(active, column);
  }

  /** Only a character that is written into the last column leaves the cursor behind it. */
  #pendingWrapText(active: ScreenBuffer, column: number): string {
    const line = lineOf(active, active.y);
    const cell = new Cell().load(line, column);
    const chars = cell.chars;
    if (chars !== "") return this.#pen.take(cell) + chars;
    const pen = this.#pen.take(cell);
    // It was erased since, with all of the row.
    return `${pen}x\u001b[1K`;
  }

  /** Attributes, character sets and modes: nothing of it moves the cursor. */
  #finalText(active: ScreenBuffer): string {
    const { _inputHandler: input, coreService } = this.#insides;
    let text = this.#pen.take(input._curAttrData) + this.#charsetsText() + this.#modesText();
    const { insertMode } = coreService.modes;
    if (insertMode) text += "\u001b[4h";
    if (!this.#isJoining) return text;
    // What comes next may join the last character, or repeat it: it has to be written last.
    const { x } = active;
    const column = characterBefore(active, x);
    const line = lineOf(active, active.y);
    const chars = new Cell().load(line, column).chars;
    return text + (insertMode ? `\u001b[${x - column}P` : "") + chars;
  }

  #charsetsText(): string {
    const { _charsets: charsets, glevel } = this.#insides._charsetService;
    return slots
      .map((slot, index) => {
        const charset = charsets[index];
        return charset === undefined ? "" : `\u001b${slot}${this.#letterOf(charset)}`;
      })
      .concat(glevel === 0 ? "" : (levels[glevel] ?? ""))
      .join("");
  }

  #modesText(): string {
    const { coreService, coreMouseService, optionsService } = this.#insides;
    const modes = coreService.decPrivateModes;
    const { convertEol, cursorBlink } = optionsService.rawOptions;
    const given: readonly (readonly [boolean, string])[] = [
      [modes.applicationCursorKeys, "\u001b[?1h"],
      [modes.applicationKeypad, "\u001b="],
      [modes.bracketedPasteMode, "\u001b[?2004h"],
      [modes.sendFocus, "\u001b[?1004h"],
      [!modes.wraparound, "\u001b[?7l"],
      [modes.reverseWraparound, "\u001b[?45h"],
      [cursorBlink, "\u001b[?12h"],
      [convertEol, "\u001b[20h"],
    ];
    const texts = given.map(([isSet, text]) => (isSet ? text : ""));
    const mouse = [coreMouseService.activeProtocol, coreMouseService.activeEncoding];
    for (const name of mouse) texts.push(mouseTexts[name] ?? "");
    // Always something, so that no mark joins a character that was written before.
    texts.push(cursorStyleText(modes), coreService.isCursorHidden ? "\u001b[?25l" : "\u001b[?25h");
    return texts.join("");
  }

  get #isJoining(): boolean {
    const { _inputHandler: input, _bufferService: service } = this.#insides;
    const { active } = service.buffers;
    if (input._parser.precedingJoinState === 0 || active.x === 0) return false;
    const column = characterBefore(active, active.x);
    return new Cell().load(lineOf(active, active.y), column).chars !== "";
  }

  #letterOf(charset: object): string {
    return this.#letters.get(charset) ?? "B";
  }
}

const mouseTexts: Readonly<Record<string, string>> = {
  X10: "\u001b[?9h",
  VT200: "\u001b[?1000h",
  DRAG: "\u001b[?1002h",
  ANY: "\u001b[?1003h",
  SGR: "\u001b[?1006h",
  SGR_PIXELS: "\u001b[?1016h",
};

const cursorStyles = { block: 1, underline: 3, bar: 5 } as const;

function cursorStyleText({
  cursorStyle,
  cursorBlink,
}: TerminalInsides["coreService"]["decPrivateModes"]): string {
  if (cursorBlink === undefined) return "";
  // From 7 on, a number changes no style, but whether it blinks.
  const style = cursorStyle === undefined ? 7 : cursorStyles[cursorStyle];
  return `\u001b[${cursorBlink ? style : style + 1} q`;
}

/** Column of the character that ends before this one. */
function characterBefore(buffer: ScreenBuffer, column: number): number {
  const line = lineOf(buffer, buffer.y);
  const before = column - 1;
  const isSecondHalf = before > 0 && line.getWidth(before) === 0 && line.getWidth(before - 1) === 2;
  return isSecondHalf ? before - 1 : before;
}

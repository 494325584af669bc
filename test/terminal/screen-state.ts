import type { IBufferCell, IBufferLine } from "@xterm/headless";
import type { Screen } from "../../src/cli/terminal/screen.ts";
import { isErased } from "../../src/cli/terminal/cell-attributes.ts";
import {
  Cell,
  type Attributes,
  type CharsetLetters,
  type ScreenBuffer,
} from "../../src/cli/terminal/terminal-insides.ts";

/** What the package has for a cell beyond what it promises. */
type FullCell = IBufferCell &
  Attributes & {
    isProtected(): number;
    getUnderlineColorMode(): number;
    getUnderlineColor(): number;
  };

/** Everything that decides how a screen looks and how it takes later output, to be compared. */
export function stateOf(screen: Screen, letters: CharsetLetters): object {
  const { insides, terminal } = screen;
  const { _inputHandler: input, _charsetService: sets, coreService } = insides;
  const { normal, alt, active } = insides._bufferService.buffers;
  const isAlternate = active === alt;
  const attributes = input._curAttrData as unknown as FullCell;
  const { synchronizedOutput: _ended, ...modes } = coreService.decPrivateModes as Record<
    string,
    unknown
  >;
  return {
    size: [screen.columns, screen.rows],
    shown: isAlternate ? "alternate" : "normal",
    cursor: [active.x, active.y],
    hiddenRow: isAlternate ? normal.y : null,
    joins: joinedWidth(input._parser.precedingJoinState),
    attributes: {
      ...attributesOf(screen, attributes),
      underlineColour: underlineColourOf(attributes),
    },
    charsets: [0, 1, 2, 3].map((slot) => letters.get(sets._charsets[slot]) ?? "B"),
    invoked: [sets.glevel, letters.get(sets.charset)],
    modes,
    insert: coreService.modes.insertMode,
    cursorHidden: coreService.isCursorHidden,
    options: [
      insides.optionsService.rawOptions.convertEol,
      insides.optionsService.rawOptions.cursorBlink,
    ],
    mouse: [insides.coreMouseService.activeProtocol, insides.coreMouseService.activeEncoding],
    normal: bufferOf(screen, normal, letters),
    alternate: bufferOf(screen, alt, letters),
    normalRows: rowsOf(screen, terminal.buffer.normal),
    alternateRows: isAlternate ? rowsOf(screen, terminal.buffer.alternate) : null,
  };
}

/**
 * Whether a row is full of empty cells with more than a background, and the last one with more than colours. That
 * takes a terminal that becomes narrower, or one of two columns; no output makes such a row and leaves the others.
 */
export function isBeyondOutput({ insides }: Screen): boolean {
  const { normal, alt } = insides._bufferService.buffers;
  return [normal, alt].some(({ lines }) =>
    Array.from({ length: lines.length }, (_, row) => lines.get(row)!).some((line) => {
      const cells = Array.from({ length: line.length }, (__, at) => new Cell().load(line, at));
      const { fg, bg } = cells.at(-1)!;
      const hasFlags = ((fg | bg) & ~0x3ffffff) !== 0;
      return hasFlags && cells.every((cell) => cell.chars === "" && !isErased(cell));
    }),
  );
}

function bufferOf(screen: Screen, buffer: ScreenBuffer, letters: CharsetLetters): object {
  const saved = buffer.savedCurAttrData;
  const { underlined: _, ...attributes } = attributesOf(screen, saved as FullCell);
  return {
    region: [buffer.scrollTop, buffer.scrollBottom],
    tabs: Object.keys(buffer.tabs).filter((column) => Number(column) < screen.columns),
    saved: [Math.min(buffer.savedX, screen.columns - 1), Math.min(buffer.savedY, screen.rows - 1)],
    savedAttributes: { ...attributes, underlined: (saved.fg & 0x10000000) !== 0 },
    savedCharset: letters.get(buffer.savedCharset),
    above: buffer.ybase,
  };
}

function rowsOf(
  screen: Screen,
  buffer: { readonly length: number; getLine(row: number): IBufferLine | undefined },
): object[] {
  // Most cells are alike: what is told of one is told of the next.
  const told = new Map<string, string>();
  return Array.from({ length: buffer.length }, (_, row) => {
    const line = buffer.getLine(row)!;
    const cells = Array.from({ length: line.length }, (__, column) => {
      const cell = line.getCell(column) as FullCell;
      const isEmpty = isBlank(cell);
      const key = [cell.fg, cell.bg, cell.extended._ext, cell.extended.urlId, isEmpty].join();
      const known = told.get(key) ?? JSON.stringify(cellAttributes(screen, cell, isEmpty));
      told.set(key, known);
      return `${JSON.stringify(cell.getChars())} ${cell.getWidth()} ${known}`;
    });
    return { isWrapped: line.isWrapped, cells };
  });
}

function cellAttributes(screen: Screen, cell: FullCell, isEmpty: boolean): object {
  const attributes = attributesOf(screen, cell);
  // The colour of nothing is not seen, and nothing takes it over.
  if (isEmpty) delete attributes.foreground;
  return attributes;
}

/** Without a character, a line, or colours that have changed places. */
function isBlank(cell: FullCell): boolean {
  const isLined = cell.isUnderline() + cell.isStrikethrough() + cell.isOverline() !== 0;
  return cell.getChars() === "" && cell.isInverse() === 0 && !isLined;
}

function attributesOf(screen: Screen, cell: FullCell): Record<string, unknown> {
  const flags = [
    cell.isBold(),
    cell.isDim(),
    cell.isItalic(),
    cell.isBlink(),
    cell.isInverse(),
    cell.isInvisible(),
    cell.isStrikethrough(),
    cell.isOverline(),
    cell.isProtected(),
  ].map((flag) => flag !== 0);
  const underlined = (cell.fg & 0x10000000) !== 0;
  const isExtended = (cell.bg & 0x10000000) !== 0;
  const link = isExtended
    ? screen.insides._oscLinkService.getLinkData(cell.extended.urlId)
    : undefined;
  return {
    flags,
    foreground: [cell.getFgColorMode(), cell.getFgColor()],
    background: [cell.getBgColorMode(), cell.getBgColor()],
    underlined: underlined && [
      // The alignment pattern has an underline without a style, which looks like the first one.
      Math.max(1, (cell.extended._ext >> 26) & 7),
      cell.getUnderlineColorMode(),
      cell.getUnderlineColor(),
    ],
    link: link ?? null,
  };
}

/** Is kept while nothing is underlined. */
function underlineColourOf({ extended }: Attributes): number {
  const colour = extended._ext & 0x3ffffff;
  return (colour & 0x3000000) === 0x2000000 ? colour & 0x20000ff : colour;
}

function joinedWidth(joinState: number): number {
  return (joinState >> 1) & 3;
}

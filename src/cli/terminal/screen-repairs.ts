import type { Terminal } from "@xterm/headless";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import { backgroundOf, defaultAttributes, shownUnderline } from "./cell-attributes.ts";
import {
  Cell,
  editNames,
  lineOf,
  type ScreenBuffer,
  type TerminalInsides,
} from "./terminal-insides.ts";

// The terminal keeps some things that no output can bring about in another one: they are taken
// from it where they arise, so that all screens with the same history, and those that began with a
// snapshot, go on alike.

/** After restoring the cursor, what was restored is all there is, as in other terminals. */
export function ownSavedCursor({
  _inputHandler: input,
  _charsetService: sets,
}: TerminalInsides): void {
  const restore = input.restoreCursor.bind(input);
  input.restoreCursor = () => {
    const handled = restore();
    // The invoked character set would be another one than that of its slot.
    sets._charsets[sets.glevel] = sets.charset;
    // Whether there is an underline is saved, but not its style.
    const attributes = input._curAttrData;
    const style = shownUnderline(attributes);
    attributes.extended = attributes.extended.clone();
    attributes.extended.underlineStyle = style;
    attributes.updateExtended();
    return handled;
  };
}

/**
 * Without autowrap, what is written into the last column again and again would leave half of a wide
 * character beside it, and one that finds no room would be joined by what belongs to no other.
 */
export function ownLastColumn(insides: TerminalInsides): void {
  const { _inputHandler: input, unicodeService, coreService, _bufferService } = insides;
  const print = input.print.bind(input);
  input.print = (codes, start, end) => {
    if (coreService.decPrivateModes.wraparound) {
      print(codes, start, end);
      // Marks by themselves would move it on, and leave it behind the last column in other rows.
      const { active } = _bufferService.buffers;
      active.x = Math.min(active.x, _bufferService.cols);
      return;
    }
    for (let index = start; index < end; index++) {
      const { active } = _bufferService.buffers;
      const last = _bufferService.cols - 1;
      const width = unicodeService.wcwidth(codes[index] ?? 0);
      if (width > 0) active.x = Math.min(active.x, last);
      const isLost = width === 2 && active.x === last;
      print(codes, index, index + 1);
      active.x = Math.min(active.x, last + 1);
      if (isLost) input._parser.precedingJoinState = 0;
    }
  };
}

/**
 * What changes the cells of a row that is full takes back that the next character goes into the next
 * row, unless nothing is left in the row, or the change is after the cursor.
 */
export function ownEdits(insides: TerminalInsides): void {
  const { _inputHandler: input, _bufferService } = insides;
  for (const name of editNames) {
    const edit = input[name].bind(input);
    const erases = name === "eraseInLine" || name === "eraseInDisplay";
    input[name] = (parameters, onlyUnprotected = false) => {
      const { active } = _bufferService.buffers;
      if (!erases || onlyUnprotected) active.x = Math.min(active.x, _bufferService.cols - 1);
      if (name === "insertChars") clearHalves(insides, active.y, active.y);
      if (name === "insertColumns") clearHalves(insides, active.scrollTop, active.scrollBottom);
      return edit(parameters, onlyUnprotected);
    };
  }
}

/** Of wide characters around the cursor's column: of what is moved, the second half would stay. */
function clearHalves(
  { _inputHandler: input, _bufferService }: TerminalInsides,
  firstRow: number,
  lastRow: number,
): void {
  const { active } = _bufferService.buffers;
  const { x, y } = active;
  if (x === 0 || y < firstRow || y > lastRow) return;
  const erased = { ...defaultAttributes, bg: backgroundOf(input._curAttrData) };
  for (let row = firstRow; row <= lastRow; row++) {
    const line = lineOf(active, row);
    if (line.getWidth(x) !== 0 || line.getWidth(x - 1) !== 2) continue;
    line.setCellFromCodepoint(x - 1, 0, 1, erased);
    line.setCellFromCodepoint(x, 0, 1, erased);
  }
}

/** Another size, of which nothing stays behind outside of the screen. */
export function settleSize(
  terminal: Terminal,
  insides: TerminalInsides,
  { columns, rows }: TerminalSize,
): void {
  const { normal, alt, active } = insides._bufferService.buffers;
  if (columns === terminal.cols && rows === terminal.rows) return;
  for (const buffer of [normal, alt]) {
    cutMarks(buffer, terminal);
    dropOldCharacters(buffer);
    // Lengthening a list that was scrolled, the terminal would lose lines of it.
    buffer.lines.maxLength++;
    buffer.lines.maxLength--;
  }
  terminal.resize(columns, rows);
  // Without its lines it would keep the longer list of them, and scroll into it.
  if (active === normal) alt.clear();
  for (const buffer of [normal, alt]) {
    fillLines(buffer, terminal);
    cutMarks(buffer, terminal);
    cutLines(buffer, terminal.cols);
  }
  // What is printed next joins no character that is now elsewhere.
  insides._inputHandler._parser.precedingJoinState = 0;
}

/** Having lost lines, a screen that was scrolled would show its first rows again as its last. */
function fillLines(buffer: ScreenBuffer, { rows }: Terminal): void {
  buffer.ybase = buffer.ydisp = 0;
  const { lines } = buffer;
  while (lines.length > 0 && lines.length < rows)
    lines.push(buffer.getBlankLine(defaultAttributes));
}

/** Tab stops and saved cursors outside of the screen, which would be back with another size. */
function cutMarks(buffer: ScreenBuffer, { cols, rows }: Terminal): void {
  buffer.tabs = Object.fromEntries(
    Object.entries(buffer.tabs).filter(([column]) => Number(column) < cols),
  );
  buffer.savedX = Math.min(buffer.savedX, cols - 1);
  buffer.savedY = Math.max(0, Math.min(buffer.savedY, rows - 1));
}

/** Characters with marks that were written over: they would come back where rows are broken anew. */
function dropOldCharacters({ lines }: ScreenBuffer): void {
  const cell = new Cell();
  for (let row = 0; row < lines.length; row++) {
    const line = lines.get(row);
    for (const column of Object.keys(line?._combined ?? {})) {
      if (line === undefined || cell.load(line, Number(column)).isCombined) continue;
      Reflect.deleteProperty(line._combined, column);
    }
  }
}

/** The alternate screen keeps what is right of it; both keep halves of wide characters. */
function cutLines(buffer: ScreenBuffer, columns: number): void {
  for (let row = 0; row < buffer.lines.length; row++) {
    const line = buffer.lines.get(row);
    if (line === undefined) continue;
    if (line.length > columns) line.resize(columns, defaultAttributes);
    if (line.getWidth(columns - 1) === 2)
      line.setCellFromCodepoint(columns - 1, 0, 1, defaultAttributes);
  }
}

import type { Terminal } from "@xterm/headless";

// What decides how a terminal takes later output, and what its public interface does not tell.
// The package is pinned by the lock file, and what is expected of it is checked at each creation.

/** Colours and flags as a cell keeps them: see cell-attributes.ts. */
export interface Attributes {
  readonly fg: number;
  readonly bg: number;
  readonly extended: ExtendedAttributes;
}

export interface ExtendedAttributes {
  /** Underline style and colour as they were set, which a link does not change. */
  readonly _ext: number;
  readonly urlId: number;
}

/** What is printed next looks so. Its extended attributes are shared with cells, and replaced to change. */
export interface CurrentAttributes extends Attributes {
  extended: ExtendedAttributes & { underlineStyle: number; clone(): CurrentAttributes["extended"] };
  updateExtended(): void;
}

export interface Line {
  isWrapped: boolean;
  readonly length: number;
  /** Characters with marks, by their columns; also of cells that were written over since. */
  readonly _combined: Readonly<Record<string, string>>;
  getWidth(column: number): number;
  loadCell(column: number, cell: Cell): unknown;
  setCellFromCodepoint(column: number, code: number, width: number, attributes: Attributes): void;
  resize(columns: number, fill: Attributes): boolean;
}

export interface LineList {
  readonly length: number;
  /** When it changes, the first line comes to stand first in memory. */
  maxLength: number;
  get(index: number): Line | undefined;
  push(line: Line): void;
}

/** A table of replacements; undefined is ASCII. */
export type Charset = object | undefined;

/** The normal screen or the alternate one, which has no lines while it is not shown. */
export interface ScreenBuffer {
  readonly lines: LineList;
  /** Lines above the screen: none, with a scrollback of 0. */
  ybase: number;
  /** First line that is shown; the same. */
  ydisp: number;
  /** As many as there are columns where the next character goes into the next row. */
  x: number;
  readonly y: number;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  tabs: Record<number, boolean | undefined>;
  savedX: number;
  savedY: number;
  readonly savedCurAttrData: Attributes;
  readonly savedCharset: Charset;
  getBlankLine(attributes: Attributes): Line;
  clear(): void;
}

/** What changes cells around the cursor. */
export const editNames = [
  "insertChars",
  "insertColumns",
  "deleteColumns",
  "scrollUp",
  "scrollDown",
  "scrollLeft",
  "scrollRight",
  "eraseInLine",
  "eraseInDisplay",
] as const;
export type EditName = (typeof editNames)[number];
type Editing = Record<EditName, (parameters: unknown, onlyUnprotected?: boolean) => boolean>;

export interface TerminalInsides {
  readonly _inputHandler: Editing & {
    readonly _curAttrData: CurrentAttributes;
    readonly _parser: { readonly currentState: number; precedingJoinState: number };
    readonly _utf8Decoder: { readonly interim: Uint8Array };
    print(codes: Uint32Array, start: number, end: number): void;
    restoreCursor(): boolean;
    selectCharset(designation: string): boolean;
  };
  readonly _writeBuffer: { handleUserInput(): void };
  readonly _bufferService: {
    readonly cols: number;
    readonly buffers: {
      readonly normal: ScreenBuffer;
      readonly alt: ScreenBuffer;
      readonly active: ScreenBuffer;
    };
  };
  readonly _charsetService: {
    charset: Charset;
    readonly glevel: number;
    readonly _charsets: Charset[];
    reset(): void;
  };
  readonly unicodeService: Widths & { readonly _activeProvider: Widths };
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly modes: { readonly insertMode: boolean };
    readonly decPrivateModes: {
      readonly applicationCursorKeys: boolean;
      readonly applicationKeypad: boolean;
      readonly bracketedPasteMode: boolean;
      readonly cursorBlink: boolean | undefined;
      readonly cursorStyle: "block" | "underline" | "bar" | undefined;
      readonly origin: boolean;
      readonly reverseWraparound: boolean;
      readonly sendFocus: boolean;
      readonly wraparound: boolean;
    };
  };
  readonly coreMouseService: { readonly activeProtocol: string; readonly activeEncoding: string };
  readonly optionsService: {
    readonly rawOptions: { readonly convertEol: boolean; readonly cursorBlink: boolean };
  };
  readonly _oscLinkService: LinkService;
}

export interface Widths {
  wcwidth(code: number): 0 | 1 | 2;
}

export interface Link {
  /** Parts of one link that stand apart have the same. */
  readonly id?: string | undefined;
  readonly uri: string;
}

export interface LinkService {
  /** Returns the number by which cells tell of it, from 1. */
  registerLink(link: Link): number;
  /** For each line that has part of it. */
  addLineToLink(id: number, line: number): void;
  getLinkData(id: number): Link | undefined;
}

/** Where each thing that is read is expected, and of which type it is. */
const expected: Readonly<Record<string, string>> = {
  "_inputHandler._curAttrData.fg": "number",
  "_inputHandler._curAttrData.bg": "number",
  "_inputHandler._curAttrData.extended._ext": "number",
  "_inputHandler._curAttrData.extended.urlId": "number",
  "_inputHandler._curAttrData.extended.clone": "function",
  "_inputHandler._curAttrData.updateExtended": "function",
  "_inputHandler._parser.currentState": "number",
  "_inputHandler._parser.precedingJoinState": "number",
  "_inputHandler._utf8Decoder.interim.length": "number",
  "_inputHandler.print": "function",
  ...Object.fromEntries(editNames.map((name) => [`_inputHandler.${name}`, "function"])),
  "_inputHandler.restoreCursor": "function",
  "_inputHandler.selectCharset": "function",
  "_writeBuffer.handleUserInput": "function",
  "_bufferService.cols": "number",
  "_bufferService.buffers.normal.lines._array.0._combined": "object",
  "_charsetService.glevel": "number",
  "_charsetService._charsets.length": "number",
  "_charsetService.reset": "function",
  "unicodeService.wcwidth": "function",
  "unicodeService._activeProvider.wcwidth": "function",
  "coreService.isCursorHidden": "boolean",
  "coreService.modes.insertMode": "boolean",
  "coreService.decPrivateModes.applicationCursorKeys": "boolean",
  "coreService.decPrivateModes.applicationKeypad": "boolean",
  "coreService.decPrivateModes.bracketedPasteMode": "boolean",
  "coreService.decPrivateModes.origin": "boolean",
  "coreService.decPrivateModes.reverseWraparound": "boolean",
  "coreService.decPrivateModes.sendFocus": "boolean",
  "coreService.decPrivateModes.wraparound": "boolean",
  "coreMouseService.activeProtocol": "string",
  "coreMouseService.activeEncoding": "string",
  "optionsService.rawOptions.convertEol": "boolean",
  "optionsService.rawOptions.cursorBlink": "boolean",
  "_oscLinkService.registerLink": "function",
  "_oscLinkService.addLineToLink": "function",
  "_oscLinkService.getLinkData": "function",
  ...bufferParts("normal"),
  ...bufferParts("alt"),
};

function bufferParts(name: string): Record<string, string> {
  const numbers = ["ybase", "x", "y", "scrollTop", "scrollBottom", "savedX", "savedY"];
  return Object.fromEntries([
    ...numbers.map((part) => [`_bufferService.buffers.${name}.${part}`, "number"]),
    [`_bufferService.buffers.${name}.tabs`, "object"],
    [`_bufferService.buffers.${name}.savedCurAttrData.fg`, "number"],
    [`_bufferService.buffers.${name}.lines.maxLength`, "number"],
    [`_bufferService.buffers.${name}.lines.get`, "function"],
    [`_bufferService.buffers.${name}.clear`, "function"],
  ]) as Record<string, string>;
}

/** Throws where the package is another one inside than the one that this was written for. */
export function insidesOf(terminal: Terminal): TerminalInsides {
  const core: unknown = (terminal as unknown as { _core?: unknown })._core;
  for (const [path, type] of Object.entries(expected))
    if (typeof valueAt(core, path) !== type)
      throw new Error(`@xterm/headless has no ${path} of type ${type}: is it another version?`);
  return core as TerminalInsides;
}

function valueAt(start: unknown, path: string): unknown {
  let value = start;
  for (const name of path.split(".")) {
    if (value === null || value === undefined) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

const noExtended: ExtendedAttributes = { _ext: 0, urlId: 0 };

/** A copy of one cell after the other. */
export class Cell implements Attributes {
  fg = 0;
  bg = 0;
  extended = noExtended;
  protected content = 0;
  protected combinedData = "";

  load(line: Line, column: number): this {
    // Is left as it was for a cell that has none.
    this.extended = noExtended;
    line.loadCell(column, this);
    return this;
  }

  /** Empty for an erased cell, and for the second half of a wide character. */
  get chars(): string {
    if (this.isCombined) return this.combinedData;
    const code = this.content & 0x1fffff;
    return code === 0 ? "" : String.fromCodePoint(code);
  }

  /** Has marks. */
  get isCombined(): boolean {
    return (this.content & 0x200000) !== 0;
  }

  get width(): number {
    return this.content >> 22;
  }
}

/** A line of the screen itself. */
export function lineOf({ lines, ybase }: ScreenBuffer, row: number): Line {
  const line = lines.get(ybase + row);
  if (line === undefined) throw new Error(`the terminal has no row ${row}`);
  return line;
}

/** By its letter: of designations such as `ESC ( 0`. */
export type CharsetLetters = ReadonlyMap<Charset, string>;

/** The package tells of its tables only when they are designated: to be asked of a new terminal. */
export function readCharsets({
  _inputHandler: input,
  _charsetService: sets,
}: TerminalInsides): CharsetLetters {
  const letters = new Map<Charset, string>();
  for (const letter of "BA0CRQKYEZH4=") {
    input.selectCharset(`(${letter}`);
    if (!letters.has(sets.charset)) letters.set(sets.charset, letter);
  }
  sets.reset();
  return letters;
}

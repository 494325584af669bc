import type { Attributes } from "./terminal-insides.ts";

export const defaultAttributes: Attributes = { fg: 0, bg: 0, extended: { _ext: 0, urlId: 0 } };

// How the terminal packs colours and flags into numbers.
const colourMode = 0x3000000;
const palette16 = 0x1000000;
const palette256 = 0x2000000;
const rgb = 0x3000000;
const paletteIndex = 0xff;
const colourBits = 0x3ffffff;

const flagCodes = {
  fg: [
    [0x8000000, 1], // bold
    [0x20000000, 5], // blink
    [0x4000000, 7], // inverse
    [0x40000000, 8], // invisible
    [0x80000000, 9], // struck through
  ],
  bg: [
    [0x8000000, 2], // dim
    [0x4000000, 3], // italic
    [0x40000000, 53], // overlined
  ],
} as const;

const underlineFlag = 0x10000000;
/** Only says that there is an underline style or a link. */
const extendedFlag = 0x10000000;
const protectedFlag = 0x20000000;

/** Of `CSI … m`, after everything was reset by it. Empty for default attributes. */
export function renditionText(attributes: Attributes): string {
  const { fg, bg, extended } = attributes;
  const codes: (number | string)[] = [];
  for (const [flag, code] of flagCodes.fg) if ((fg & flag) !== 0) codes.push(code);
  for (const [flag, code] of flagCodes.bg) if ((bg & flag) !== 0) codes.push(code);
  const style = shownUnderline(attributes);
  if (style === 2) codes.push(21);
  else if (style > 0) codes.push(4);
  codes.push(...colourCodes(fg, 30), ...colourCodes(bg, 40));
  let text = codes.length === 0 ? "" : `\u001b[${codes.join(";")}m`;
  // Apart: a terminal that does not know these may take parts of them for something else.
  if (style > 2) text += `\u001b[4:${style}m`;
  return text + underlineColourText(extended._ext & colourBits);
}

/** 0 for none, 1 for a plain line, up to 5. */
export function shownUnderline({ fg, extended }: Attributes): number {
  // Where the style is not known, it is the plain one.
  return (fg & underlineFlag) === 0 ? 0 : Math.max(1, (extended._ext >> 26) & 7);
}

export function isProtected({ bg }: Attributes): boolean {
  return (bg & protectedFlag) !== 0;
}

/** What erasing leaves of the attributes. */
export function backgroundOf({ bg }: Attributes): number {
  return bg & colourBits;
}

/** Nothing but a background, as erasing leaves a cell. */
export function isErased({ fg, bg }: Attributes): boolean {
  return fg === 0 && (bg & ~colourBits) === 0;
}

/** Whether no attribute differs that `renditionText` tells of. */
export function sameRendition(one: Attributes, other: Attributes): boolean {
  if (one.fg !== other.fg || shownUnderline(one) !== shownUnderline(other)) return false;
  const colour = one.extended._ext ^ other.extended._ext;
  return ((one.bg ^ other.bg) & ~extendedFlag) === 0 && (colour & colourBits) === 0;
}

function colourCodes(colour: number, first: 30 | 40): number[] {
  const index = colour & paletteIndex;
  switch (colour & colourMode) {
    case palette16:
      return [index < 8 ? first + index : first + 60 + index - 8];
    case palette256:
      return [first + 8, 5, index];
    case rgb:
      return [first + 8, 2, (colour >> 16) & 0xff, (colour >> 8) & 0xff, colour & 0xff];
    default:
      return [];
  }
}

function underlineColourText(colour: number): string {
  const bytes = `${(colour >> 16) & 0xff}:${(colour >> 8) & 0xff}:${colour & 0xff}`;
  // What the terminal makes of "no colour of its own" (59).
  if (colour === colourBits) return "\u001b[59m";
  if ((colour & colourMode) === palette256) return `\u001b[58:5:${colour & paletteIndex}m`;
  return (colour & colourMode) === rgb ? `\u001b[58:2::${bytes}m` : "";
}

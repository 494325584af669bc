import type { Attributes } from "./terminal-insides.ts";

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
  const style = (fg & underlineFlag) === 0 ? 0 : Math.max(1, underlineStyle(attributes));
  if (style === 2) codes.push(21);
  else if (style > 0) codes.push(4);
  codes.push(...colourCodes(fg, 30), ...colourCodes(bg, 40));
  let text = codes.length === 0 ? "" : `\u001b[${codes.join(";")}m`;
  // Apart: a terminal that does not know these may take parts of them for something else.
  if (style > 2) text += `\u001b[4:${style}m`;
  return text + underlineColourText(extended._ext & colourBits);
}

export function underlineStyle({ extended }: Attributes): number {
  return (extended._ext >> 26) & 7;
}

export function isUnderlined({ fg }: Attributes): boolean {
  return (fg & underlineFlag) !== 0;
}

export function isProtected({ bg }: Attributes): boolean {
  return (bg & protectedFlag) !== 0;
}

/** Nothing but a background, as erasing leaves a cell. */
export function isErased({ fg, bg }: Attributes): boolean {
  return fg === 0 && (bg & ~colourBits) === 0;
}

/** Whether no attribute differs that `renditionText` tells of. */
export function sameRendition(one: Attributes, other: Attributes): boolean {
  const { fg, bg, extended } = one;
  const isSame = fg === other.fg && extended._ext === other.extended._ext;
  return isSame && (bg & ~extendedFlag) === (other.bg & ~extendedFlag);
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

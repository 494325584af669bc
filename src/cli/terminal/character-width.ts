import type { IUnicodeVersionProvider, Terminal } from "@xterm/headless";
import type { TerminalInsides } from "./terminal-insides.ts";

const ofNoWidth = /[\p{Mn}\p{Me}]/u;
const pictures = /\p{Emoji_Presentation}/u;
/** They are letters, of which two make a flag where a terminal can show one. */
const flagLetters = /\p{Regional_Indicator}/u;
const laterWide = /[\u{16fe0}-\u{18d1f}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}]/u;

const codesMax = 0x20000;
const unknown = 0xff;

/**
 * The package knows the widths of 2010, since when pictures became wide: programs ask their C
 * library, and would think the cursor to be elsewhere than it is.
 */
export function widenPictures(terminal: Terminal, { unicodeService }: TerminalInsides): void {
  const older = unicodeService._activeProvider;
  const known = new Uint8Array(codesMax).fill(unknown);
  const wcwidth = (code: number): 0 | 1 | 2 => {
    if (code >= codesMax) return older.wcwidth(code);
    if (known[code] === unknown) known[code] = widthOf(code, older.wcwidth(code));
    return known[code] as 0 | 1 | 2;
  };
  const provider: IUnicodeVersionProvider = {
    version: "pictures",
    wcwidth,
    charProperties: (code, preceding) => properties(wcwidth(code), preceding),
  };
  terminal.unicode.register(provider);
  terminal.unicode.activeVersion = provider.version;
}

function widthOf(code: number, older: 0 | 1 | 2): 0 | 1 | 2 {
  if (code < 0x300 || older !== 1) return older;
  const character = String.fromCodePoint(code);
  if (ofNoWidth.test(character)) return 0;
  const isPicture = pictures.test(character) && !flagLetters.test(character);
  return isPicture || laterWide.test(character) ? 2 : 1;
}

/** As the package packs them: the width, and whether the character joins the one before it. */
function properties(width: 0 | 1 | 2, preceding: number): number {
  const joined = (preceding >> 1) & 3;
  return width === 0 && joined > 0 ? (joined << 1) | 1 : width << 1;
}

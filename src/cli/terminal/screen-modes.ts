import type { Screen } from "./screen.ts";

/** What a program asked of its terminal that decides about input, or about the cursor. */
export interface TerminalModes {
  readonly applicationCursorKeys: boolean;
  readonly applicationKeypad: boolean;
  readonly bracketedPaste: boolean;
  readonly focusEvents: boolean;
  readonly mouseTracking: "none" | "x10" | "vt200" | "drag" | "any";
  readonly mouseEncoding: "default" | "sgr" | "sgr-pixels";
  readonly cursorHidden: boolean;
  /** As DECSCUSR numbers them, 1 to 6; 0 for what the terminal's owner likes. */
  readonly cursorStyle: number;
}

export function readModes({ insides }: Pick<Screen, "insides">): TerminalModes {
  const { coreService, coreMouseService } = insides;
  const modes = coreService.decPrivateModes;
  const { activeProtocol, activeEncoding } = coreMouseService;
  return {
    applicationCursorKeys: modes.applicationCursorKeys,
    applicationKeypad: modes.applicationKeypad,
    bracketedPaste: modes.bracketedPasteMode,
    focusEvents: modes.sendFocus,
    mouseTracking: activeProtocol.toLowerCase() as TerminalModes["mouseTracking"],
    mouseEncoding: activeEncoding.toLowerCase().replace("_", "-") as TerminalModes["mouseEncoding"],
    cursorHidden: coreService.isCursorHidden,
    cursorStyle: styleNumber(modes.cursorStyle, modes.cursorBlink),
  };
}

/** Where the next character goes, from 0; in the last column also where it waits for the next row. */
export function cursor({ insides, columns }: Pick<Screen, "insides" | "columns">): {
  readonly column: number;
  readonly row: number;
} {
  const { x, y } = insides._bufferService.buffers.active;
  return { column: Math.min(x, columns - 1), row: y };
}

const styles = { block: 1, underline: 3, bar: 5 } as const;

function styleNumber(style: keyof typeof styles | undefined, blinks: boolean | undefined): number {
  if (style === undefined) return 0;
  return styles[style] + (blinks === true ? 0 : 1);
}

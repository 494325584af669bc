import type { TerminalModes } from "./screen-modes.ts";

const trackingModes = { none: 0, x10: 9, vt200: 1000, drag: 1002, any: 1003 } as const;
const encodingModes = { default: 0, sgr: 1006, "sgr-pixels": 1016 } as const;

/** What brings a terminal from these modes to those; all are told where nothing is known. */
export function modesText(from: TerminalModes | undefined, to: TerminalModes): string {
  const changed = (name: keyof TerminalModes): boolean => from?.[name] !== to[name];
  return [
    changed("applicationCursorKeys") ? privateMode(1, to.applicationCursorKeys) : "",
    changed("applicationKeypad") ? (to.applicationKeypad ? "\x1b=" : "\x1b>") : "",
    changed("bracketedPaste") ? privateMode(2004, to.bracketedPaste) : "",
    changed("focusEvents") ? privateMode(1004, to.focusEvents) : "",
    changed("mouseTracking") || changed("mouseEncoding") ? mouseText(to) : "",
    changed("cursorStyle") ? `\x1b[${to.cursorStyle} q` : "",
    changed("cursorHidden") ? privateMode(25, !to.cursorHidden) : "",
  ].join("");
}

/** One way of tracking excludes the others, and so do the encodings: one that is put off takes the others along. */
function mouseText({ mouseTracking, mouseEncoding }: TerminalModes): string {
  const tracking = trackingModes[mouseTracking];
  const encoding = encodingModes[mouseEncoding];
  return [
    "\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1016l",
    encoding === 0 ? "" : privateMode(encoding, true),
    tracking === 0 ? "" : privateMode(tracking, true),
  ].join("");
}

function privateMode(mode: number, isOn: boolean): string {
  return `\x1b[?${mode}${isOn ? "h" : "l"}`;
}

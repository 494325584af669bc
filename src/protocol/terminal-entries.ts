import { decodeJsonPayload, encodeJsonPayload, type JsonPayload } from "./json-payload.ts";

/** Channel of what a program writes to its terminal: `data` entries are its bytes, in between the sizes. */
export const terminalChannel = "tty";

/** Channel of the last screens, from which a viewer begins without all that was written before. */
export const snapshotChannel = "tty-snapshot";

/** In `tty`: from here on the terminal has this size. The first entry of the channel is one. */
export const sizeEntryType = "jobwire.size";

/** In `tty-snapshot`: a `TerminalSnapshot`. */
export const snapshotEntryType = "jobwire.screen";

/** In `control`, from a viewer: a `TerminalViewer`. */
export const viewerEntryType = "jobwire.viewer";

/** In `control`, from the executor: a `TerminalKeyboard`, at each change. */
export const keyboardEntryType = "jobwire.keyboard";

/** In `control`: a `TerminalSignal` for the program. */
export const signalEntryType = "jobwire.signal";

/** Largest number of columns or rows: what a program can be told of is 16 bits, and a screen is kept in memory. */
export const terminalSideMax = 1_000;

/** So often a viewer repeats that it is there … */
export const viewerIntervalMs = 20_000;

/** … and after so long without a word it is taken for gone. */
export const viewerSilenceMs = 60_000;

/** In character cells. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A screen, with everything that decides how later output changes it. */
export interface TerminalSnapshot extends TerminalSize {
  /** Position in `tty` of the last entry that it holds; 0 for none. */
  readonly position: number;
  /** What to write to a new terminal of this size to get the screen and its modes. */
  readonly screen: string;
}

/** One who looks at the terminal. `size` is left out by one who leaves. */
export interface TerminalViewer {
  /** Random; the same for as long as it looks. */
  readonly viewer: string;
  /** Producer id under which it types into `stdin`; left out where it only watches. */
  readonly producer?: string;
  readonly size?: TerminalSize;
}

/** Whose input is taken: the viewer's, or everybody's (null). */
export interface TerminalKeyboard {
  readonly viewer: string | null;
}

export interface TerminalSignal {
  readonly signal: TerminalSignalName;
}

/** Signals that may be sent to the program of a terminal. */
export const terminalSignalNames = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGKILL",
  "SIGUSR1",
  "SIGUSR2",
  "SIGTSTP",
  "SIGCONT",
] as const;
export type TerminalSignalName = (typeof terminalSignalNames)[number];

/** The payload of any of these entries. */
export function encodeTerminalEntry(
  form: TerminalSize | TerminalSnapshot | TerminalViewer | TerminalKeyboard | TerminalSignal,
): Uint8Array {
  return encodeJsonPayload(form);
}

// Undefined for a payload of another form: whoever may append may have written it.

export function decodeSize(payload: Uint8Array): TerminalSize | undefined {
  return sizeOf(decodeJsonPayload(payload));
}

export function decodeSnapshot(payload: Uint8Array): TerminalSnapshot | undefined {
  const form = decodeJsonPayload(payload);
  const size = sizeOf(form);
  const { position, screen } = form;
  if (size === undefined || typeof screen !== "string") return undefined;
  if (!Number.isSafeInteger(position) || (position as number) < 0) return undefined;
  return { ...size, position: position as number, screen };
}

export function decodeViewer(payload: Uint8Array): TerminalViewer | undefined {
  const { viewer, producer, size } = decodeJsonPayload(payload);
  if (!isId(viewer)) return undefined;
  const known = sizeOf((size ?? {}) as JsonPayload);
  if (size !== undefined && known === undefined) return undefined;
  if (producer !== undefined && !isId(producer)) return undefined;
  return {
    viewer,
    ...(producer === undefined ? {} : { producer }),
    ...(known === undefined ? {} : { size: known }),
  };
}

export function decodeKeyboard(payload: Uint8Array): TerminalKeyboard | undefined {
  const { viewer } = decodeJsonPayload(payload);
  return viewer === null || isId(viewer) ? { viewer } : undefined;
}

export function decodeSignal(payload: Uint8Array): TerminalSignal | undefined {
  const { signal } = decodeJsonPayload(payload);
  const name = terminalSignalNames.find((known) => known === signal);
  return name && { signal: name };
}

function sizeOf({ columns, rows }: JsonPayload): TerminalSize | undefined {
  return isSide(columns) && isSide(rows) ? { columns, rows } : undefined;
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= terminalSideMax;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9._~-]{1,128}$/.test(value);
}

import type { Cursor, StartAt } from "../core/broker/views.ts";
import { invalidArgument } from "../core/errors.ts";

const cursorForm = /^([A-Za-z0-9~_-]{1,64})\.(\d{1,16})$/;
const positionForm = /^-?\d{1,16}$/;
const lastForm = /^last:(\d{1,16})$/;

/** Wire form of a cursor: `<epoch>.<position>`. What a reader stores to come back. */
export function encodeCursor({ epoch, position }: Cursor): string {
  return `${epoch}.${position}`;
}

/** Throws `invalid_argument`. */
export function decodeCursor(text: string): Cursor {
  const match = cursorForm.exec(text);
  const position = Number(match?.[2]);
  if (match?.[1] !== undefined && Number.isSafeInteger(position))
    return { epoch: match[1], position };
  throw invalidArgument(
    "cursor",
    "of the form <epoch>.<position>",
    JSON.stringify(text.slice(0, 80)),
  );
}

/** `start`, `now`, `last:<n>`, a position, or a cursor. Throws `invalid_argument`. */
export function decodeStart(text: string): StartAt {
  if (text === "start" || text === "now") return text;
  const last = lastForm.exec(text)?.[1];
  if (last !== undefined) return { last: Number(last) };
  if (positionForm.test(text)) return Number(text);
  if (cursorForm.test(text)) return decodeCursor(text);
  throw invalidArgument(
    "after",
    "a cursor, a position, start, now or last:<n>",
    JSON.stringify(text.slice(0, 80)),
  );
}

import { invalidArgument } from "../core/errors.ts";

/** How far several channels of one process were read. */
export interface SeveralCursor {
  readonly epoch: string;
  readonly positions: ReadonlyMap<string, number>;
}

const form =
  /^([A-Za-z0-9~_-]{1,64})\.((?:[A-Za-z0-9._~-]{1,64}:\d{1,16})(?:,[A-Za-z0-9._~-]{1,64}:\d{1,16})*)$/;

/** Wire form: `<epoch>.<channel>:<position>,<channel>:<position>`. */
export function encodeSeveralCursor({ epoch, positions }: SeveralCursor): string {
  const pairs = [...positions].map(([channel, position]) => `${channel}:${position}`);
  return `${epoch}.${pairs.join(",")}`;
}

/** Throws `invalid_argument`. */
export function decodeSeveralCursor(text: string): SeveralCursor {
  const [, epoch, pairs] = form.exec(text) ?? [];
  const positions = new Map<string, number>();
  for (const pair of pairs?.split(",") ?? []) {
    const colon = pair.lastIndexOf(":");
    positions.set(pair.slice(0, colon), Number(pair.slice(colon + 1)));
  }
  if (epoch !== undefined && [...positions.values()].every(Number.isSafeInteger))
    return { epoch, positions };
  throw invalidArgument(
    "after",
    "start, now, last:<n>, or a cursor <epoch>.<channel>:<position>,…",
    JSON.stringify(text.slice(0, 80)),
  );
}

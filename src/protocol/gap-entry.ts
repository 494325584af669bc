import { decodeJsonPayload, encodeJsonPayload } from "./json-payload.ts";

/** Type of an entry that stands for bytes which its writer could not put there. */
export const gapEntryType = "jobwire.gap";

/** `dropped`: the writer had no room for them. `lost`: the server had acknowledged them and has forgotten them. */
export type MissingReason = "dropped" | "lost";

/** What a gap entry says. */
export interface MissingBytes {
  readonly bytes: number;
  readonly reason: MissingReason;
}

export function encodeGapEntry({ bytes, reason }: MissingBytes): Uint8Array {
  return encodeJsonPayload({ bytes, reason });
}

/** Undefined for a payload of another form: whoever may append may have written it. */
export function decodeGapEntry(payload: Uint8Array): MissingBytes | undefined {
  const { bytes, reason } = decodeJsonPayload(payload);
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 0) return undefined;
  if (reason !== "dropped" && reason !== "lost") return undefined;
  return { bytes: bytes as number, reason };
}

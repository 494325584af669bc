import { decodeGapEntry, gapEntryType, type MissingBytes } from "../../client/entry-forms.ts";
import type { ChannelEntry } from "../../client/index.ts";

/** What is to be said between the lines of a channel. */
export interface Notice {
  readonly kind: "gap" | "error";
  readonly text: string;
}

/** What an entry that is no data says to people; undefined for what says nothing. */
export function noticeOf({ type, payload, error }: ChannelEntry): Notice | undefined {
  if (type === "error") return { kind: "error", text: error === "" ? "It failed." : error };
  if (type === gapEntryType) return { kind: "gap", text: missingNotice(decodeGapEntry(payload)) };
  return undefined;
}

const gapTexts: Readonly<Record<string, string>> = {
  trimmed: "What was here has made room for newer entries.",
  epoch: "The server lost what was here; this is what it has now.",
  ahead: "What was here is gone from the server.",
  damaged: "What was here cannot be read any more.",
};

/** What to say in the place of history that is gone. */
export function gapNotice(reason: string): string {
  return gapTexts[reason] ?? gapTexts.ahead ?? "";
}

/** What to say in the place of bytes that their writer could not put there. */
export function missingNotice(missing: MissingBytes | undefined): string {
  if (missing === undefined) return "Bytes are missing here.";
  const count = missing.bytes.toLocaleString("en");
  return missing.reason === "dropped"
    ? `${count} bytes are missing here: the writer had no room for them.`
    : `${count} bytes are missing here: the server lost them.`;
}

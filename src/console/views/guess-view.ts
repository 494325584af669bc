import { metricEntryType, progressEntryType, questionEntryType } from "../../client/entry-forms.ts";
import type { ChannelEntry, ChannelView, ProcessHandle } from "../../client/index.ts";
import { isContainer, parsePayload } from "./json/json-value.ts";
import type { ViewName } from "./view-names.ts";

const sampleEntries = 8;

const byName: Readonly<Record<string, ViewName>> = {
  ...{
    tty: "terminal",
    stdout: "text",
    stderr: "text",
    stdin: "text",
    chat: "chat",
    progress: "progress",
  },
  ...{ metrics: "progress", control: "json", "tty-snapshot": "json" },
};

/** The form that fits a channel: by its name, or by what is in it. */
export async function guessView(
  handle: ProcessHandle,
  { spec, last }: ChannelView,
  signal: AbortSignal,
): Promise<ViewName> {
  const known = byName[spec.name];
  if (known !== undefined) return known;
  if (last === 0) return "text";
  const sample: ChannelEntry[] = [];
  try {
    const entries = handle.channel(spec.name).entries({ from: { last: sampleEntries }, signal });
    for await (const entry of entries) {
      sample.push(entry);
      if (entry.position >= last || sample.length >= sampleEntries) break;
    }
  } catch {
    // Whatever shows it meets the same, and says so.
  }
  return viewOfEntries(sample);
}

export function viewOfEntries(entries: readonly ChannelEntry[]): ViewName {
  const has = (type: string): boolean => entries.some((entry) => entry.type === type);
  if (has(progressEntryType) || has(metricEntryType)) return "progress";
  if (has(questionEntryType)) return "chat";
  const senders = new Set(entries.map(({ senderId }) => senderId));
  if (senders.size > 1 || entries.some(({ replyTo }) => replyTo > 0)) return "chat";
  const payloads = entries.filter(({ payload }) => payload.length > 0);
  if (payloads.length === 0) return "text";
  const parsed = payloads.map(({ payload }) => parsePayload(payload));
  if (parsed.every((form) => form.kind === "json" && isContainer(form.value))) return "json";
  return payloads.some(({ payload }) => isBinary(payload)) ? "hex" : "text";
}

function isBinary(payload: Uint8Array): boolean {
  return payload.subarray(0, 4096).includes(0);
}

import { invalidArgument, type ChannelError } from "../core/errors.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

// Frames of a WebSocket: PROTOCOL §7.1.

export type FrameForm = "json" | "binary";

/** The subprotocols, best first, and the form of their frames. */
export const frameForms: ReadonlyMap<string, FrameForm> = new Map([
  ["jobwire.v1.binary", "binary"],
  ["jobwire.v1.json", "json"],
]);

/** Frames are gathered up to about this many bytes; a larger message goes alone. */
export const frameBytesTarget = 64 * 1024;

/** A message as it goes into a frame: its JSON, and in the binary form the payloads of its entries. */
export interface EncodedMessage {
  readonly text: string;
  readonly payloads: readonly Uint8Array[];
}

/** A message out of a frame: `kind` is a string, and its entries have their payloads as bytes. */
export interface DecodedMessage {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** `fields` is the JSON of an entry's fields but the payload. Of an empty payload nothing is told. */
export function encodeFrameEntry(
  form: FrameForm,
  fields: string,
  payload: Uint8Array,
): EncodedMessage {
  const { byteLength } = payload;
  if (byteLength === 0) return { text: fields, payloads: [] };
  const open = fields === "{}" ? "{" : `${fields.slice(0, -1)},`;
  if (form === "binary") return { text: `${open}"bytes":${byteLength}}`, payloads: [payload] };
  return { text: `${open}"payload":"${encodeBase64(payload)}"}`, payloads: [] };
}

/** A message without entries. */
export function encodeMessage(message: { readonly kind: string }): EncodedMessage {
  return { text: JSON.stringify(message), payloads: [] };
}

/** `fields` are the message's but `entries`, which have been encoded one by one. */
export function encodeEntriesMessage(
  fields: { readonly kind: string },
  entries: readonly EncodedMessage[],
): EncodedMessage {
  const head = JSON.stringify(fields).slice(0, -1);
  return {
    text: `${head},"entries":[${joinTexts(entries)}]}`,
    payloads: payloadsOf(entries),
  };
}

/** Their JSON, with commas between. */
export function joinTexts(messages: readonly EncodedMessage[]): string {
  return messages.map(({ text }) => text).join(",");
}

/** Of all of them, in their order. */
export function payloadsOf(messages: readonly EncodedMessage[]): readonly Uint8Array[] {
  return messages.flatMap(({ payloads }) => payloads);
}

const invalidFrame = (): ChannelError =>
  invalidArgument("frame", "an array of messages with a kind, and their payloads");

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lengthBytes = 4;

/** What one WebSocket message carries: a string in the JSON form, bytes in the binary one. */
export function encodeFrame(
  form: FrameForm,
  messages: readonly EncodedMessage[],
): string | Uint8Array<ArrayBuffer> {
  const text = `[${joinTexts(messages)}]`;
  if (form === "json") return text;
  const header = utf8.encode(text);
  const payloads = payloadsOf(messages);
  const payloadBytes = payloads.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const frame = new Uint8Array(lengthBytes + header.byteLength + payloadBytes);
  new DataView(frame.buffer).setUint32(0, header.byteLength, true);
  frame.set(header, lengthBytes);
  let at = lengthBytes + header.byteLength;
  for (const payload of payloads) {
    frame.set(payload, at);
    at += payload.byteLength;
  }
  return frame;
}

/**
 * The messages of a frame, with the payloads of entries as bytes: views of the frame in the binary form. `parse` gives
 * the messages of its JSON. Without one the other end is believed, as clients believe a server: what is no message
 * fails somehow. Throws `invalid_argument`, and what that throws.
 */
export function decodeFrame(
  form: FrameForm,
  frame: string | Uint8Array,
  parse: (text: string) => readonly DecodedMessage[] = JSON.parse,
): readonly DecodedMessage[] {
  const isText = typeof frame === "string";
  if (isText !== (form === "json"))
    throw invalidArgument("frame", form === "json" ? "text" : "binary");
  const { header, payloads } = isText ? { header: frame, payloads: nothing } : splitFrame(frame);
  const messages = parse(header);
  let at = 0;
  for (const { kind, entries = [] } of messages) {
    let before: Fields | undefined;
    for (const entry of entries as readonly Fields[]) {
      const { payload = "", bytes = 0 } = entry as { payload?: string; bytes?: number };
      entry["payload"] = isText ? decodeBase64(payload) : payloads.subarray(at, (at += bytes));
      // Taken away it would make the entry slow to read: as undefined it is as good as absent.
      entry["bytes"] = undefined;
      if (before !== undefined && kind === "entries") complete(entry, before);
      before = entry;
    }
  }
  if (at !== payloads.byteLength) throw invalidFrame();
  return messages;
}

const nothing = new Uint8Array(0);

/** What an entry that a server sends has in common with the one before it is not told again: PROTOCOL §7.4. */
function complete(entry: Fields, before: Fields): void {
  for (const name of ["position", "sequence"]) entry[name] ??= Number(before[name]) + 1;
  for (const name of ["timestamp", "senderid", "producer", "type"]) entry[name] ??= before[name];
}

/** Whether the JSON of a frame is what `decodeFrame` takes it for. Throws `invalid_argument`. */
export function requireMessages(form: FrameForm, value: unknown): readonly DecodedMessage[] {
  if (!Array.isArray(value)) throw invalidFrame();
  for (const message of value as readonly unknown[]) {
    if (!isFields(message) || typeof message["kind"] !== "string") throw invalidFrame();
    const { entries = [] } = message;
    if (!Array.isArray(entries)) throw invalidFrame();
    for (const entry of entries) {
      const isEntry = isFields(entry) && (form === "json" ? hasText(entry) : hasLength(entry));
      if (!isEntry) throw invalidFrame();
    }
  }
  return value as readonly DecodedMessage[];
}

function hasText(entry: Fields): boolean {
  const { payload = "" } = entry;
  return typeof payload === "string" && !("bytes" in entry);
}

function hasLength(entry: Fields): boolean {
  const { bytes = 0 } = entry;
  return Number.isSafeInteger(bytes) && (bytes as number) >= 0 && !("payload" in entry);
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return value instanceof Object && !Array.isArray(value);
}

function splitFrame(frame: Uint8Array): { header: string; payloads: Uint8Array } {
  if (frame.byteLength < lengthBytes) throw invalidFrame();
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
  const end = lengthBytes + length;
  if (end > frame.byteLength) throw invalidFrame();
  try {
    const header = fromUtf8.decode(frame.subarray(lengthBytes, end));
    return { header, payloads: frame.subarray(end) };
  } catch {
    throw invalidFrame();
  }
}

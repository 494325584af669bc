import { invalidArgument, type ChannelError } from "../core/errors.ts";
import { decodeBase64, encodeBase64, requireBase64 } from "./base64.ts";

// Frames of a WebSocket: PROTOCOL §7.1.

export type FrameForm = "json" | "binary";

/** The subprotocols, best first. */
export const subprotocols: readonly string[] = ["jobwire.v1.binary", "jobwire.v1.json"];

/** The form of the frames of a subprotocol. */
export function formOf(subprotocol: string): FrameForm {
  return subprotocol === subprotocols[0] ? "binary" : "json";
}

/** Frames are gathered up to about this many bytes; a larger message goes alone. */
export const frameBytesTarget = 64 * 1024;

/** A message as it goes into a frame: its JSON, and in the binary form the payloads of its entries. */
export interface EncodedMessage {
  readonly text: string;
  readonly payloads: readonly Uint8Array[];
}

/** A message out of a frame: `kind` is a string, and its entries are decoded. */
export interface DecodedMessage {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** A message without entries. */
export function encodeMessage(message: { readonly kind: string }): EncodedMessage {
  return { text: JSON.stringify(message), payloads: [] };
}

/**
 * Entries as they stand in a message. `fieldsOf` gives the JSON of what one tells beside its payload, beginning with a
 * brace: `{}` is nothing, and then the payload stands alone.
 */
export function encodeEntries<Entry extends { readonly payload: Uint8Array }>(
  form: FrameForm,
  entries: readonly Entry[],
  fieldsOf: (entry: Entry, before: Entry | undefined) => string,
): EncodedMessage {
  const texts = entries.map((entry, index) =>
    encodeEntry(form, fieldsOf(entry, entries[index - 1]), entry.payload),
  );
  const payloads = form === "binary" ? entries.map(({ payload }) => payload) : [];
  return { text: texts.join(","), payloads };
}

function encodeEntry(form: FrameForm, fields: string, payload: Uint8Array): string {
  const [name, told] =
    form === "binary"
      ? ["bytes", String(payload.length)]
      : ["payload", `"${encodeBase64(payload)}"`];
  return fields === "{}" ? told : `${fields.slice(0, -1)},"${name}":${told}}`;
}

/** `fields` are the message's but `entries`, which have been encoded before. */
export function encodeEntriesMessage(
  fields: { readonly kind: string },
  { text, payloads }: EncodedMessage,
): EncodedMessage {
  const head = JSON.stringify(fields).slice(0, -1);
  return { text: `${head},"entries":[${text}]}`, payloads };
}

export const invalidFrame = (): ChannelError =>
  invalidArgument("frame", "messages and their payloads");

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lengthBytes = 4;

/** What one WebSocket message carries: a string in the JSON form, bytes in the binary one. */
export function encodeFrame(
  form: FrameForm,
  messages: readonly EncodedMessage[],
): string | Uint8Array<ArrayBuffer> {
  const text = `[${messages.map((message) => message.text).join(",")}]`;
  if (form === "json") return text;
  const header = utf8.encode(text);
  const parts = [new Uint8Array(lengthBytes), header].concat(
    ...messages.map(({ payloads }) => payloads as Uint8Array<ArrayBuffer>[]),
  );
  const frame = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  new DataView(frame.buffer).setUint32(0, header.length, true);
  return frame;
}

/** What a message tells of one entry, its payload apart. */
export type ToldEntry = Readonly<Record<string, unknown>>;

/**
 * The entry of what is told of it, of the one before it in its message, and of its payload: it leaves out what it has in
 * common with that one (PROTOCOL §7.1).
 */
export type EntryDecoder<Entry> = (
  told: ToldEntry,
  before: Entry | undefined,
  payload: Uint8Array,
) => Entry;

/**
 * The messages of a frame with their entries decoded. `parse` gives those of its JSON: without it the other end is
 * believed, as clients believe a server, and what is no message fails somehow. `split` gives the payloads of one message
 * from the beginning of those that are left, and throws where there are fewer bytes: views of the frame unless told
 * otherwise. Throws `invalid_argument`, and what those two throw.
 */
export function decodeFrame<Entry>(
  frame: string | Uint8Array,
  decodeEntry: EntryDecoder<Entry>,
  parse: (text: string) => readonly DecodedMessage[] = JSON.parse,
  split: (
    payloads: Uint8Array,
    lengths: readonly number[],
  ) => readonly Uint8Array[] = splitPayloads,
): readonly DecodedMessage[] {
  const isText = typeof frame === "string";
  const { header, payloads } = isText ? { header: frame, payloads: nothing } : splitFrame(frame);
  const messages = parse(header);
  const [field, none] = isText ? ["payload", ""] : ["bytes", 0];
  let at = 0;
  for (const message of messages) {
    const entries = (message["entries"] ?? []) as unknown[];
    // What is told of a payload may be all that is told.
    const tails = entries.map(
      (told) => (typeof told === "object" ? (told as ToldEntry)[field] : told) ?? none,
    );
    const own = isText
      ? tails.map((text) => decodeBase64(text as string))
      : split(payloads.subarray(at), tails as number[]);
    for (const { length } of own) at += length;
    let before: Entry | undefined;
    for (let index = 0; index < entries.length; index++) {
      // A payload alone tells nothing else: whatever is looked for in it is undefined.
      before = decodeEntry(entries[index] as ToldEntry, before, own[index] as Uint8Array);
      entries[index] = before;
    }
  }
  if (!isText && at !== payloads.length) throw invalidFrame();
  return messages;
}

const nothing = new Uint8Array(0);

function splitPayloads(payloads: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  const { buffer, byteOffset } = payloads;
  let end = byteOffset;
  return lengths.map((length) => new Uint8Array(buffer, (end += length) - length, length));
}

/** Whether the JSON of a frame is what `decodeFrame` takes it for. Throws `invalid_argument`. */
export function requireMessages(form: FrameForm, value: unknown): readonly DecodedMessage[] {
  if (!Array.isArray(value)) throw invalidFrame();
  for (const message of value as readonly unknown[]) {
    if (!isFields(message) || typeof message["kind"] !== "string") throw invalidFrame();
    const { entries = [] } = message;
    if (!Array.isArray(entries)) throw invalidFrame();
    for (const entry of entries) {
      const isEntry = form === "json" ? hasText(entry) : hasLength(entry);
      if (!isEntry) throw invalidFrame();
    }
  }
  return value as readonly DecodedMessage[];
}

/** Throws where the text is no base64. */
function hasText(entry: unknown): boolean {
  if (isFields(entry) && "bytes" in entry) return false;
  const text = isFields(entry) ? (entry["payload"] ?? "") : entry;
  return typeof text === "string" && requireBase64(text) === text;
}

function hasLength(entry: unknown): boolean {
  if (typeof entry === "number") return isLength(entry);
  return isFields(entry) && isLength(entry["bytes"] ?? 0) && !("payload" in entry);
}

function isLength(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return value instanceof Object && !Array.isArray(value);
}

function splitFrame(frame: Uint8Array): { header: string; payloads: Uint8Array } {
  try {
    const end = lengthBytes + new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
    if (end > frame.length) throw invalidFrame();
    const header = fromUtf8.decode(frame.subarray(lengthBytes, end));
    return { header, payloads: frame.subarray(end) };
  } catch {
    throw invalidFrame();
  }
}

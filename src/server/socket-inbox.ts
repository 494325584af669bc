import { invalidArgument } from "../core/errors.ts";
import { decodeFrame, invalidFrame, requireMessages } from "../protocol/frame.ts";
import type { DecodedMessage, FrameForm, ToldEntry } from "../protocol/frame.ts";
import { parseJson } from "../protocol/json-integers.ts";
import { decodeInputFields } from "../protocol/socket-message.ts";
import type { ReceivedMessage, ReceivedInput } from "../protocol/socket-message.ts";
import { requireBoundedJson } from "./json-bounds.ts";

/** What a field has to be, for people, and whether it is. */
interface Field {
  readonly expected: string;
  readonly isValid: (value: unknown) => boolean;
  readonly isOptional?: true;
}

/** Fields by their names. A list of them is made once, not for each of many entries. */
class Fields {
  readonly #byName: ReadonlyMap<string, Field>;
  readonly #list: readonly (readonly [name: string, field: Field])[];

  constructor(fields: Readonly<Record<string, Field>>) {
    this.#list = Object.entries(fields);
    this.#byName = new Map(this.#list);
  }

  /** Throws `invalid_argument` where `given` has others, or lacks one, or has one that is not as expected. */
  require(place: string, given: ToldEntry): void {
    for (const name of Object.keys(given))
      if (given[name] !== undefined && !this.#byName.has(name))
        throw invalidArgument(place, "without unknown fields", JSON.stringify(name.slice(0, 40)));
    for (const [name, { expected, isValid, isOptional }] of this.#list) {
      const value = given[name];
      if (value === undefined ? isOptional !== true : !isValid(value))
        throw invalidArgument(`${place}.${name}`, expected);
    }
  }
}

/** Ids and names are shorter; longer ones get their own refusal, not the router's. */
const nameLengthMax = 300;
const tokenLengthMax = 16 * 1024;

const text = (lengthMax: number): Field => ({
  expected: `a text of at most ${lengthMax} characters`,
  isValid: (value) => typeof value === "string" && value.length <= lengthMax,
});
const integer = (min = -Number.MAX_SAFE_INTEGER): Field => ({
  expected: min < 0 ? "an integer within ±(2^53−1)" : `an integer from ${min} to 2^53−1`,
  isValid: (value) => Number.isSafeInteger(value) && (value as number) >= min,
});
const optional = (field: Field): Field => ({ ...field, isOptional: true });

const name = text(nameLengthMax);
const token = text(tokenLengthMax);
const id = integer(1);

/** Of what is told of an entry: that of its payload has been looked at before. */
const toldFields = {
  sequence: optional(integer(1)),
  inreplyto: optional(integer()),
  replyto: optional(integer()),
  payload: optional({ expected: "a text", isValid: () => true }),
  bytes: optional({ expected: "a length", isValid: () => true }),
  type: optional(name),
  error: optional({ expected: "a text", isValid: (value) => typeof value === "string" }),
};
const entryFields = new Fields(toldFields);
/** There is none before it whose sequence it could continue. */
const firstEntryFields = new Fields({ ...toldFields, sequence: integer(1) });

const kindFields: Readonly<Record<ReceivedMessage["kind"], Readonly<Record<string, Field>>>> = {
  hello: { token },
  token: { token },
  subscribe: { id, process: name, channel: name, after: name, credit: integer(0) },
  credit: { id, bytes: integer(1) },
  unsubscribe: { id },
  produce: {
    ...{ id, process: name, channel: name, producer: name },
    term: optional(integer(1)),
  },
  append: {
    id,
    entries: { expected: "entries, at least one", isValid: (value) => isEntries(value) },
  },
  watch: { id, process: optional(name) },
  ping: {},
  pong: {},
};
const kind = text(nameLengthMax);
const messageFields: ReadonlyMap<string, Fields> = new Map(
  Object.entries(kindFields).map(([name, fields]) => [name, new Fields({ kind, ...fields })]),
);

/** The messages of a client's frame, in order. Throws `invalid_argument`. */
export function decodeClientFrame(
  form: FrameForm,
  frame: string | Uint8Array,
): readonly ReceivedMessage[] {
  if ((typeof frame === "string") !== (form === "json"))
    throw invalidArgument("frame", form === "json" ? "text" : "binary");
  const parse = (text: string): readonly DecodedMessage[] => {
    requireBoundedJson(text);
    const messages = requireMessages(form, parseJson(text, "frame"));
    for (const message of messages) requireMessage(message);
    return messages;
  };
  const messages = decodeFrame<ReceivedInput>(frame, decodeInputFields, parse, copyPayloads);
  return messages as unknown as ReceivedMessage[];
}

function requireMessage(message: DecodedMessage): void {
  const fields = messageFields.get(message.kind);
  if (fields === undefined) {
    const found = JSON.stringify(message.kind.slice(0, 40));
    throw invalidArgument("kind", "one of the protocol", found);
  }
  fields.require(message.kind, message);
}

function isEntries(value: unknown): boolean {
  if (!Array.isArray(value) || !(value[0] instanceof Object)) return false;
  for (const [index, told] of value.entries()) {
    // One that tells its payload alone has nothing else to be looked at.
    if (told instanceof Object)
      (index === 0 ? firstEntryFields : entryFields).require("entries", told as ToldEntry);
  }
  return true;
}

/** What an entry that stays may keep of those that came with it, in bytes. */
const sharedBytesMax = 4 * 1024;

/**
 * Copies: an entry that stays must not keep the whole frame that it came in. Small ones of a message share a buffer, as
 * a buffer of its own costs as much as all else that is done with an entry.
 */
function copyPayloads(payloads: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  if (lengths.reduce((sum, length) => sum + length, 0) > payloads.length) throw invalidFrame();
  let at = 0;
  let shared: ArrayBufferLike = emptyBuffer;
  let sharedFrom = 0;
  let sharedTo = 0;
  return lengths.map((length, index) => {
    const from = at;
    at += length;
    if (at > sharedTo) {
      sharedFrom = from;
      sharedTo = at;
      for (let next = index + 1; next < lengths.length; next++) {
        const end = sharedTo + (lengths[next] as number);
        if (end - sharedFrom > sharedBytesMax) break;
        sharedTo = end;
      }
      shared = new Uint8Array(payloads.subarray(sharedFrom, sharedTo)).buffer;
    }
    return new Uint8Array(shared, from - sharedFrom, length);
  });
}

const emptyBuffer = new ArrayBuffer(0);

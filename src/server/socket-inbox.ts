import { invalidArgument } from "../core/errors.ts";
import { decodeFrame, requireMessages } from "../protocol/frame.ts";
import type { DecodedMessage, FrameForm } from "../protocol/frame.ts";
import { parseJson } from "../protocol/json-integers.ts";
import type { ClientMessage } from "../protocol/socket-message.ts";
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
  require(place: string, given: Record<string, unknown>): void {
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

const entryFields = new Fields({
  sequence: integer(1),
  inreplyto: optional(integer()),
  replyto: optional(integer()),
  // `decodeFrame` has made bytes of it.
  payload: { expected: "bytes", isValid: (value) => value instanceof Uint8Array },
  type: optional(name),
  error: optional({ expected: "a text", isValid: (value) => typeof value === "string" }),
});

const kindFields: Readonly<Record<ClientMessage["kind"], Readonly<Record<string, Field>>>> = {
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
): readonly ClientMessage[] {
  const messages = decodeFrame(form, frame, (text) => {
    requireBoundedJson(text);
    return requireMessages(form, parseJson(text, "frame"));
  });
  for (const message of messages) requireMessage(message);
  return messages as unknown as ClientMessage[];
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
  if (!Array.isArray(value) || value.length === 0) return false;
  for (const entry of value) entryFields.require("entries", entry as Record<string, unknown>);
  return true;
}

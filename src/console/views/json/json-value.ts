import { cleanText, textOfPayload } from "../payload-text.ts";

/** Larger payloads are not taken apart: they would hold the page up. */
const parsedBytesMax = 1024 * 1024;
const previewLengthMax = 160;
const previewItemsMax = 8;

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export type ParsedPayload =
  | { readonly kind: "json"; readonly value: JsonValue }
  | { readonly kind: "text"; readonly text: string };

export function parsePayload(payload: Uint8Array): ParsedPayload {
  if (payload.length > 0 && payload.length <= parsedBytesMax)
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
      return { kind: "json", value: JSON.parse(text) as JsonValue };
    } catch {
      // It is something else.
    }
  return { kind: "text", text: textOfPayload(payload, 4 * previewLengthMax) };
}

export function isContainer(value: JsonValue): value is readonly JsonValue[] | JsonObject {
  return typeof value === "object" && value !== null;
}

export function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Some of the members of an object or array, in their order, and how many there are. */
export function membersOf(
  value: readonly JsonValue[] | JsonObject,
  membersMax: number,
): { readonly members: readonly (readonly [string, JsonValue])[]; readonly count: number } {
  const names = isArray(value) ? undefined : Object.keys(value);
  const count = names?.length ?? (value as readonly JsonValue[]).length;
  const shown = Math.min(count, membersMax);
  const members = Array.from({ length: shown }, (_, index): readonly [string, JsonValue] => {
    if (isArray(value)) return [String(index), value[index] ?? null];
    const name = names?.[index] ?? "";
    return [name, value[name] ?? null];
  });
  return { members, count };
}

/** A value in one line, cut where it is long. */
export function previewOf(value: JsonValue, depth = 0): string {
  if (typeof value === "string") return JSON.stringify(cleanText(value).slice(0, previewLengthMax));
  if (!isContainer(value)) return String(value);
  const { members, count } = membersOf(value, previewItemsMax);
  const [open, close] = isArray(value) ? "[]" : "{}";
  if (depth >= 2) return count === 0 ? `${open}${close}` : `${open}…${close}`;
  const parts = members.map(([name, member]) => {
    const text = previewOf(member, depth + 1);
    return isArray(value) ? text : `${cleanText(name)}: ${text}`;
  });
  if (count > members.length) parts.push("…");
  return `${open}${parts.join(", ")}${close}`.slice(0, previewLengthMax);
}

/** An object of JSON that somebody may have written who knows nothing of its form. */
export type JsonPayload = Readonly<Record<string, unknown>>;

export function encodeJsonPayload(form: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(form));
}

/** Empty for what is no object of JSON: it lacks whatever is looked for in it. */
export function decodeJsonPayload(payload: Uint8Array): JsonPayload {
  try {
    const form: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof form === "object" && form !== null ? (form as JsonPayload) : {};
  } catch {
    return {};
  }
}

import type { ValueForm } from "../value-form.ts";

/** What is typed to leave: a byte, and its name for people; `none` for no key at all. */
export interface DetachKey {
  readonly name: string;
  readonly byte: number | undefined;
}

// Ctrl clears the upper bits of these: of others a terminal sends nothing of its own.
const controlForm = /^ctrl-([a-z@[\\\]^_])$/i;

export const detachKeyForm: ValueForm<DetachKey> = {
  expected: "ctrl- and a letter or one of @ [ \\ ] ^ _, or none",
  parse,
  decode: (json) => (typeof json === "string" ? parse(json) : undefined),
};

export const defaultDetachKey = "ctrl-\\";

function parse(text: string): DetachKey | undefined {
  if (text === "none") return { name: text, byte: undefined };
  const [, character = ""] = controlForm.exec(text) ?? [];
  if (character === "") return undefined;
  const upper = character.toUpperCase();
  return { name: `Ctrl-${upper}`, byte: upper.charCodeAt(0) & 0x1f };
}

/** What was typed before the key, and whether it was pressed. What follows it is for nobody. */
export function splitAtKey(
  typed: Uint8Array,
  { byte }: DetachKey,
): { readonly before: Uint8Array; readonly isPressed: boolean } {
  const at = byte === undefined ? -1 : typed.indexOf(byte);
  return at < 0
    ? { before: typed, isPressed: false }
    : { before: typed.subarray(0, at), isPressed: true };
}

/** What a key asks for while a recording plays. */
export type ReplayCommand = "pause" | "faster" | "slower" | "skip" | "leave";

const commands: ReadonlyMap<string, ReplayCommand> = new Map<string, ReplayCommand>([
  [" ", "pause"],
  ["+", "faster"],
  ["=", "faster"],
  ["-", "slower"],
  ["\x1b[C", "skip"],
  ["\x1bOC", "skip"],
  ["q", "leave"],
  ["\x03", "leave"],
]);

const escape = "\x1b";
const keyForm = new RegExp(`${escape}[[O][0-9;]*[A-Za-z~]|[^]`, "g");

/** Of what came from a keyboard at once, the keys that mean something. */
export function readReplayKeys(typed: string): readonly ReplayCommand[] {
  // A sequence is a key of its own: the letters in it are none.
  return (typed.match(keyForm) ?? []).flatMap((key) => commands.get(key) ?? []);
}

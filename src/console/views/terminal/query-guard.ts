import type { IDisposable, Terminal } from "@xterm/xterm";

const taken = (): boolean => true;

/** Device attributes, status and modes, sizes of the window: whoever asks wants an answer typed. */
const queries = [
  { final: "c" },
  { prefix: ">", final: "c" },
  { prefix: "=", final: "c" },
  { final: "n" },
  { prefix: "?", final: "n" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
  { prefix: ">", final: "q" },
  { prefix: "?", final: "u" },
  { final: "t" },
  { final: "x" },
] as const;

/** Titles, colours, folders, links, notifications, clipboards and files. */
const commands = [0, 1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 52, 104, 110, 111, 112, 133, 777, 1337];

/**
 * A program reaches the screen and nothing else: what it asks is answered by whoever runs it, once, and not by
 * everybody who looks.
 */
export function guardQueries({ parser }: Pick<Terminal, "parser">): readonly IDisposable[] {
  return [
    ...queries.map((id) => parser.registerCsiHandler(id, taken)),
    ...commands.map((ident) => parser.registerOscHandler(ident, taken)),
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, taken),
    parser.registerDcsHandler({ intermediates: "+", final: "q" }, taken),
    parser.registerEscHandler({ final: "Z" }, taken),
  ];
}

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../scripts/project.mjs";

/** A bug of the built store that takes a killed server to show itself. */
export interface CrashMutant {
  /** What the store does with it: "a store that …". */
  readonly name: string;
  readonly file: string;
  /** Texts that stand in the file exactly once, and what stands there instead. */
  readonly edits: readonly (readonly [find: string, replace: string])[];
  /** What is said of it when it is found. */
  readonly verdict: RegExp;
}

const write = "await writeFully(this.#file, [...head, ...chunks], isFirst ? 0 : offset);";
// Told by whoever comes first: a writer, a reader, all of them together, or the store by itself.
const lost = new RegExp(
  [
    ...["refused: sequence_gap", "added again", 'met a gap: .*"ahead"', "is now"],
    ...["was told that the log ends", "is damaged at", "are gone", "has no beginning"],
  ].join("|"),
);

export const crashMutants: readonly CrashMutant[] = [
  {
    name: "acknowledges before it writes",
    file: "log-writer.js",
    edits: [
      // Each frame is written with the next one: a write into the system's memory is over before most kills,
      // whatever was acknowledged ahead of it. Its buffers are used again by then.
      [
        write,
        `await this.late?.();
        const copies = [...head, ...chunks].map((chunk) => Uint8Array.from(chunk));
        const [file, at] = [this.#file, isFirst ? 0 : offset];
        this.late = () => writeFully(file, copies, at);`,
      ],
      ["await old?.close();", "await this.late?.(); this.late = undefined; await old?.close();"],
    ],
    verdict: lost,
  },
  {
    name: "forgets at its start what producers have sent",
    file: "segment-log.js",
    edits: [
      [
        "await log.#start(recovered);",
        "await log.#start(recovered); for (const { head } of log.state.logs.values()) head.producers.clear();",
      ],
    ],
    verdict: /refused: sequence_gap|added again|and again at/,
  },
  {
    name: "cuts the last whole frame at its start",
    file: "recovery.js",
    edits: [["return copies;", "return copies.slice(0, -1);"]],
    verdict: lost,
  },
];

/** A built program with the bug in it, for as long as `use` takes. */
export async function withCrashMutant<Result>(
  { name, file, edits }: CrashMutant,
  use: (distPath: string) => Promise<Result>,
): Promise<Result> {
  // Where the packages of the project are found.
  const copy = await mkdtemp(join(root, ".mutants-"));
  try {
    await cp(join(root, "dist"), copy, { recursive: true });
    const path = join(copy, "stores/segment-log", file);
    let source = await readFile(path, "utf8");
    for (const [find, replace] of edits) {
      const parts = source.split(find);
      if (parts.length !== 2)
        throw new Error(`${file} has ${parts.length - 1} places for "${name}" instead of one`);
      source = parts.join(replace);
    }
    await writeFile(path, source);
    return await use(copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

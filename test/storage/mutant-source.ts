import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";
import type { StoreMutant } from "./store-mutants.ts";

const folder = resolve(import.meta.dirname, "../../src/stores/segment-log");
const entry = "segment-log-store.ts";

/** The class as it is with a bug in it, for as long as `use` takes. */
export async function withMutant<Result>(
  mutant: StoreMutant,
  use: (store: typeof SegmentLogStore) => Promise<Result>,
): Promise<Result> {
  const sources = await readSources();
  sources.set(mutant.file, plant(mutant, sources.get(mutant.file) ?? ""));
  const mutated = dependentsOf(mutant.file, sources);
  const copies = await mkdtemp(join(import.meta.dirname, ".mutants-"));
  try {
    for (const file of mutated) await writeFile(join(copies, file), rebase(sources, file, mutated));
    const module = (await import(/* @vite-ignore */ join(copies, entry))) as {
      readonly SegmentLogStore: typeof SegmentLogStore;
    };
    return await use(module.SegmentLogStore);
  } finally {
    await rm(copies, { recursive: true, force: true });
  }
}

/** Throws where the text is not there exactly once: the bug has to be planted somewhere else by then. */
function plant({ name, file, find, replace }: StoreMutant, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${file} has ${parts.length - 1} places for "${name}" instead of one`);
  return parts.join(replace);
}

async function readSources(): Promise<Map<string, string>> {
  const files = (await readdir(folder)).filter((name) => !name.endsWith(".test.ts"));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return new Map(files.map((file, index) => [file, texts[index] as string]));
}

/** The file and all that imports it, however indirectly: the others are the same for every bug. */
function dependentsOf(file: string, sources: ReadonlyMap<string, string>): ReadonlySet<string> {
  const dependents = new Set([file]);
  for (const dependent of dependents)
    for (const [name, source] of sources)
      if (source.includes(`from "./${dependent}"`)) dependents.add(name);
  return dependents;
}

/** The source with imports that are right where the copies are. */
function rebase(
  sources: ReadonlyMap<string, string>,
  file: string,
  copied: ReadonlySet<string>,
): string {
  return (sources.get(file) ?? "").replaceAll(/(?<=from ")(\.[^"]*)(?=")/g, (path) =>
    copied.has(path.slice("./".length)) ? path : resolve(folder, path),
  );
}

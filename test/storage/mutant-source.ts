import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { SegmentLogStore } from "../../src/stores/segment-log/segment-log-store.ts";

/** A bug of one line, planted into a source. */
export interface Mutant {
  /** What it does: "a store that …". */
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** The store as it is with a bug in it, for as long as `use` takes. */
export async function withMutant<Result>(
  mutant: Mutant,
  use: (store: typeof SegmentLogStore) => Promise<Result>,
): Promise<Result> {
  const place = { folder: "stores/segment-log", entry: "segment-log-store.ts" };
  return await withMutatedModule(mutant, place, (module) =>
    use((module as { readonly SegmentLogStore: typeof SegmentLogStore }).SegmentLogStore),
  );
}

/** What a module of a folder of `src` exports with a bug in it, for as long as `use` takes. */
export async function withMutatedModule<Result>(
  mutant: Mutant,
  { folder: name, entry }: { readonly folder: string; readonly entry: string },
  use: (module: unknown) => Promise<Result>,
): Promise<Result> {
  const folder = resolve(import.meta.dirname, "../../src", name);
  const sources = await readSources(folder);
  sources.set(mutant.file, plant(mutant, sources.get(mutant.file) ?? ""));
  const mutated = dependentsOf(mutant.file, sources);
  const copies = await mkdtemp(join(import.meta.dirname, ".mutants-"));
  try {
    for (const file of mutated)
      await writeFile(join(copies, file), rebase(sources.get(file) ?? "", folder, mutated));
    return await use(await import(/* @vite-ignore */ join(copies, entry)));
  } finally {
    await rm(copies, { recursive: true, force: true });
  }
}

/** Throws where the text is not there exactly once: the bug has to be planted somewhere else by then. */
function plant({ name, file, find, replace }: Mutant, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${file} has ${parts.length - 1} places for "${name}" instead of one`);
  return parts.join(replace);
}

/** The sources of the folder itself: what is in folders below it has no bugs planted. */
async function readSources(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder, { withFileTypes: true }))
    .filter((file) => file.isFile() && !file.name.endsWith(".test.ts"))
    .map(({ name }) => name);
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
function rebase(source: string, folder: string, copied: ReadonlySet<string>): string {
  return source.replaceAll(/(?<=from ")(\.[^"]*)(?=")/g, (path) =>
    copied.has(path.slice("./".length)) ? path : resolve(folder, path),
  );
}

import { canonicalJson, requireEqual, SuiteFailure } from "../../src/testing/assertion.ts";
import type { ChannelKey } from "../../src/core/store.ts";
import { contentOf, headText } from "./log-model.ts";
import type { TestedStore } from "./tested-store.ts";

interface ShownLog {
  readonly name: string;
  readonly head: string;
  readonly entries: readonly { readonly position: number; readonly content: string }[];
}

/** All that a store shows at one moment. */
export interface ShownContents {
  readonly records: readonly string[];
  readonly logs: readonly ShownLog[];
}

export async function readContents(
  store: TestedStore,
  keys: readonly ChannelKey[],
): Promise<ShownContents> {
  const listed = await store.listRecords({ after: "", limit: Infinity });
  const records = listed.map(({ record }) => canonicalJson({ ...record, epoch: "" }));
  const logs: ShownLog[] = [];
  for (const key of keys) logs.push(await readLog(store, key));
  return { records, logs };
}

async function readLog(store: TestedStore, key: ChannelKey): Promise<ShownLog> {
  const stored = await store.readHead(key);
  const entries: { readonly position: number; readonly content: string }[] = [];
  for (;;) {
    const after = entries.at(-1)?.position ?? 0;
    const page = await store.readAfter(key, after, { entriesMax: 100, bytesMax: Infinity });
    if (page.length === 0) break;
    for (const entry of page) entries.push({ position: entry.position, content: contentOf(entry) });
  }
  const head = stored === undefined ? "" : headText(stored.head);
  return { name: `${key.life}/${key.channel}`, head, entries };
}

/** Whatever has happened to its files, a store shows nothing wrong, and says so where it shows less. */
export function requireHonest(
  { damages = [] }: TestedStore,
  shown: ShownContents,
  before: ShownContents,
): void {
  for (const [index, { name, entries }] of shown.logs.entries()) {
    const known = new Map(before.logs[index]?.entries.map((e) => [e.position, e.content]));
    for (const { position, content } of entries)
      if (known.has(position) && known.get(position) !== content)
        throw new SuiteFailure(
          `log ${name}: ${position} was ${known.get(position)}, not ${content}`,
        );
  }
  if (damages.every(({ loss }) => loss === "nothing"))
    requireEqual(shown, before, "what is shown without a word of damage");
}

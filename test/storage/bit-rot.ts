import type { ChannelKey } from "../../src/core/store.ts";
import { readContents, requireHonest } from "./shown-contents.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { TestedStore } from "./tested-store.ts";

export interface RottenWorld {
  readonly disk: SimulatedDisk;
  readonly keys: readonly ChannelKey[];
  readonly reopen: (usesCheckpoint: boolean) => Promise<TestedStore>;
}

/** Turns bits over in the files of a store, open and closed, and sees what it then shows. */
export async function rot(store: TestedStore, { disk, keys, reopen }: RottenWorld): Promise<void> {
  const before = await readContents(store, keys);
  const compare = async (rotten: TestedStore): Promise<void> =>
    requireHonest(rotten, await readContents(rotten, keys), before);
  await store.close();
  // What the segments say as well is not missed.
  for (const end of [".checkpoint", ".index", ".index"]) disk.rot(end);
  const again = await reopen(true);
  await compare(again);
  disk.rot(".segment");
  await compare(again);
  await again.close();
  const last = await reopen(false);
  await compare(last);
  await last.close();
}

import { open } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { withDirectory } from "./stored-batch.mjs";

const blockBytes = 4096;

/** Milliseconds in which a block that a file has already is written and on disk, once for each of `count`. */
export async function timeSyncs(count = 200) {
  return await withDirectory(async (path) => {
    const file = await open(join(path, "block"), "w+");
    const block = Buffer.alloc(blockBytes, 120);
    const times = [];
    // The first one makes room for the block.
    for (let turn = 0; turn <= count; turn++) {
      const startMs = performance.now();
      await file.write(block, 0, blockBytes, 0);
      await file.datasync();
      if (turn > 0) times.push(performance.now() - startMs);
    }
    await file.close();
    return times;
  });
}

import process from "node:process";
import { getHeapSpaceStatistics } from "node:v8";

/**
 * Resident bytes, and those of objects and buffers, after all that can be collected is. `settledBytes` are the
 * resident ones without the young generation, empty by then: its pages, some 32 MiB of them in the end, go by how
 * fast objects were made and not by how many there are. Needs `--expose-gc`.
 */
export function measureMemory() {
  // What the first round finalizes only the second one frees.
  for (let round = 0; round < 2; round++) globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
  return {
    residentBytes: rss,
    settledBytes: rss - young.physical_space_size,
    heapBytes: heapUsed + external,
  };
}

import process from "node:process";

/** Resident bytes, and those of objects and buffers, after all that can be collected is. Needs `--expose-gc`. */
export function measureMemory() {
  // What the first round finalizes only the second one frees.
  for (let round = 0; round < 2; round++) globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { residentBytes: rss, heapBytes: heapUsed + external };
}

// Run as a program of its own with `--expose-gc`, by the tables of start-up and of memory: opens the store in
// a directory, with or without its checkpoint, or only reads its files, and prints what that took as JSON.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { measureMemory } from "./memory-use.mjs";

/** What a start has to read at the least where there is no checkpoint. */
function readSegments(path) {
  for (const name of readdirSync(path).filter((each) => each.endsWith(".segment"))) {
    const file = openSync(join(path, name), "r");
    readSync(file, Buffer.allocUnsafe(fstatSync(file).size));
    closeSync(file);
  }
}

const [path, how] = process.argv.slice(2);
const before = measureMemory();
const start = performance.now();
let store;
if (how === "read") readSegments(path);
else {
  const directory = new NodeDirectory(path);
  store = await SegmentLogStore.open({ directory, usesCheckpoint: how === "checkpoint" });
}
const seconds = (performance.now() - start) / 1e3;
console.log(JSON.stringify({ seconds, before, after: measureMemory() }));
// Leaves a checkpoint for the next one.
await store?.close();

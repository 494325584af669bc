// Run as a program of its own with `--expose-gc`, by the table of cold channels: makes that many processes
// with one channel and one entry each, waits until none of them is in use, and prints what one of them takes in
// memory, as JSON: in a store that only just has them (`filled`), in one that has started with them (`store`), and
// in a broker over that (`broker`).
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Broker } from "../dist/index.js";
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { measureMemory } from "./memory-use.mjs";

const submitter = { identity: "submitter", isAdmin: false };
const executorId = "executor";
const executor = { identity: executorId, isAdmin: false };
const limits = { openProcessesPerSubmitter: Infinity, openChannelsMax: 0, windowBytesMax: 0 };
const atOnce = 500;

async function fill(broker, count) {
  const create = async (index) => {
    const id = `process-${index.toString(36).padStart(8, "0")}`;
    await broker.createProcess(submitter, { id, executorId, channels: [{ name: "out" }] });
    await broker.append(executor, id, "out", [{ sequence: 1, payload: "x".repeat(64) }]);
  };
  for (let from = 0; from < count; from += atOnce)
    await Promise.all(Array.from({ length: atOnce }, (_, index) => create(from + index)));
  while (broker.memoryUse().processes > 0) await setTimeout(100);
}

const [path, how, countText] = process.argv.slice(2);
const count = Number(countText);
const before = measureMemory();
const store = await SegmentLogStore.open({ directory: new NodeDirectory(path), sync: "never" });
const broker = new Broker({ store, limits });
if (how !== "store") await broker.start();
if (how === "filled") await fill(broker, count);
const after = measureMemory();
const perChannel = (unit) => (after[unit] - before[unit]) / count;
console.log(
  JSON.stringify({ heap: perChannel("heapBytes"), resident: perChannel("residentBytes") }),
);
await broker.close();
await store.close();

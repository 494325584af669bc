// Run as a program of its own with `--expose-gc`, by the table of cold processes on JetStream: a broker over the
// store on JetStream that does what its parent says, and answers with what that took.
import { performance } from "node:perf_hooks";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Broker } from "../dist/index.js";
import { openJetStreamStore } from "../dist/stores/jetstream/index.js";
import { measureMemory } from "./memory-use.mjs";

const submitter = { identity: "submitter", isAdmin: false };
const executorId = "executor";
const executor = { identity: executorId, isAdmin: false };
const channelNames = ["out", "in"];
const create = { streamCount: 8, replicas: 1, streamBytesMax: 2 ** 30 };
const atOnce = 64;
const payload = new Uint8Array(64).fill(120);
const idOf = (index) => `process-${index.toString(36).padStart(8, "0")}`;

const [settings] = process.argv.slice(2);
const { url, limits } = JSON.parse(settings);
const readers = [];
let errorCount = 0;
let firstError;
let broker;

function onError(error, { stage }) {
  errorCount++;
  firstError ??= `${stage}: ${String(error)}`;
}

/** Works for each index, so many at a time. */
async function forEach(count, work) {
  let index = 0;
  const loop = async () => {
    while (index < count) await work(index++);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}

async function append(caller, index, name) {
  await broker.append(caller, idOf(index), name, [{ payload }]);
}

/** Until nobody uses any process, as far as the broker is concerned. */
async function whenUnused() {
  while (broker.memoryUse().processes > 0) await setTimeout(100);
}

const actions = {
  async start() {
    const store = await openJetStreamStore({ connection: { servers: url }, create, onError });
    broker = new Broker({
      store,
      onError,
      limits: { openProcessesPerSubmitter: Infinity, ...limits },
    });
    await broker.start();
  },
  async create(count) {
    const channels = channelNames.map((name) => ({ name }));
    await forEach(count, async (index) => {
      await broker.createProcess(submitter, { id: idOf(index), executorId, channels });
      await append(executor, index, "out");
      await append(submitter, index, "in");
    });
  },
  whenUnused,
  /** Reads both channels of each process. */
  async visit(count) {
    await forEach(count, async (index) => {
      for (const name of channelNames) await broker.read(submitter, idOf(index), name);
    });
  },
  /** One reader of one channel of each process, at its end. */
  async subscribe(count) {
    await forEach(count, async (index) => {
      const reader = await broker.subscribe(submitter, idOf(index), "out");
      readers.push(reader.next());
    });
  },
  /** Until each reader has an item. */
  async awaitNext() {
    for (const { kind } of await Promise.all(readers))
      if (kind !== "entries") throw new Error(`a reader got ${kind}`);
  },
  async append(count) {
    await forEach(count, (index) => append(executor, index, "out"));
  },
  async close() {
    await broker.close();
    await broker.store.close();
  },
};

process.on("disconnect", () => process.exit());
process.on("message", async ([action, argument]) => {
  const start = performance.now();
  const cpu = process.cpuUsage();
  try {
    await actions[action](argument);
    const seconds = (performance.now() - start) / 1e3;
    const { user, system } = process.cpuUsage(cpu);
    const memory = measureMemory();
    process.send({ seconds, cpuSeconds: (user + system) / 1e6, memory, errorCount, firstError });
  } catch (error) {
    process.send({ failure: error.stack });
  }
});
process.send({ memory: measureMemory() });

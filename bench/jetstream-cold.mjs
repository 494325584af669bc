// What processes that nobody uses, and readers that wait, cost on JetStream: memory and disk of a NATS server, memory
// of a node, the times of their starts, and the time until readers have what they missed while their node was cut
// off. The NATS server and each node are programs of their own; memory is measured after all garbage is collected.
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { fork } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { TcpProxy } from "../dist/testing/index.js";
import { filesBytes } from "./files-bytes.mjs";
import { startNatsServer } from "./nats-server.mjs";
import { formatCount } from "./report.mjs";
import { withDirectory } from "./stored-batch.mjs";

const program = fileURLToPath(new URL("jetstream-node.mjs", import.meta.url));
/** Of a node that keeps nothing in memory that nobody uses … */
const forgetful = { openChannelsMax: 0, windowBytesMax: 0 };
/** … and of one that keeps all of it. */
const keeping = { openChannelsMax: 1e9, channelIdleMs: 1e9 };

/** Starts a node. `before` is its memory without a store, `started` what its start took and left. */
async function startNode(url, limits = {}) {
  const child = fork(program, [JSON.stringify({ url, limits })], {
    execArgv: ["--expose-gc", "--max-old-space-size=8192"],
  });
  const answer = async () => (await once(child, "message"))[0];
  const { memory: before } = await answer();
  const act = async (action, count) => {
    child.send([action, count]);
    const result = await answer();
    if (result.failure !== undefined) throw new Error(`${action}: ${result.failure}`);
    return result;
  };
  const started = await act("start");
  const close = async () => {
    const { errorCount, firstError } = await act("close");
    child.disconnect();
    await once(child, "exit");
    if (errorCount > 0) console.log(`A node reported ${errorCount} failures, first ${firstError}`);
  };
  return { before, started, act, close };
}

/** What the server says of its streams, all together. `writes` is how many messages they ever took. */
async function readStreams(url) {
  const connection = await connect({ servers: url });
  const total = { messages: 0, bytes: 0, writes: 0 };
  for await (const { state } of (await jetstreamManager(connection)).streams.list()) {
    total.messages += state.messages;
    total.bytes += state.bytes;
    total.writes += state.last_seq;
  }
  await connection.close();
  return total;
}

/** Rows of the tables, each with what was measured and by how many it is to be divided. */
class Findings {
  stored = [];
  memory = [];
  times = [];
  /** The same as numbers. */
  figures = {};

  store(what, amount, count, unit = "") {
    this.figures[what] = amount / count;
    this.stored.push([what, `${(amount / count).toFixed(unit === "" ? 1 : 0)}${unit}`]);
  }

  compareMemory(what, count, before, after) {
    const shares = ["heapBytes", "residentBytes"].map(
      (unit) => (after[unit] - before[unit]) / count,
    );
    this.figures[what] = shares;
    this.memory.push([what, ...shares.map((bytes) => `${bytes.toFixed(0)} B`)]);
  }

  time(what, count, { seconds, cpuSeconds }) {
    this.figures[what] = { count, seconds, cpuSeconds };
    const each = (all) => (all === undefined ? "" : `${((all / count) * 1e6).toFixed(0)} µs`);
    const rate = `${formatCount(count / seconds)}/s`;
    this.times.push([what, `${seconds.toFixed(2)} s`, each(seconds), each(cpuSeconds), rate]);
  }
}

/** Makes the processes, and measures what that leaves in the server and in the node that did it. */
async function make(path, count, findings) {
  const server = await startNatsServer(path);
  const empty = { memory: await server.measureMemory(), files: await filesBytes(path) };
  const node = await startNode(server.url, forgetful);
  const made = await node.act("create", count);
  const { memory: left } = await node.act("whenUnused");
  const { messages, bytes, writes } = await readStreams(server.url);
  const memory = await server.measureMemory();
  findings.compareMemory("process, in the node that made it", count, node.before, left);
  findings.compareMemory("process, in nats-server, after that", count, empty.memory, memory);
  findings.time("make one with an entry in each channel", count, made);
  findings.time("… a write to NATS", writes, { seconds: made.seconds });
  await node.close();
  await server.stop();
  findings.store("writes to NATS", writes, count);
  findings.store("messages kept", messages, count);
  findings.store("their bytes, as the streams count", bytes, count, " B");
  findings.store("files after a clean stop", (await filesBytes(path)) - empty.files, count, " B");
  return empty.memory;
}

/** Nodes that start with all of them: of one that forgets what it used, and of one that does not. */
async function use({ url }, count, findings) {
  const node = await startNode(url, forgetful);
  const { memory: atStart } = node.started;
  findings.compareMemory("process, in a node that has started", count, node.before, atStart);
  findings.time("start of a node, for each process", count, node.started);
  findings.time("read both channels of one", count, await node.act("visit", count));
  const { memory: left } = await node.act("whenUnused");
  findings.compareMemory("… more, after each was used and left", count, atStart, left);
  await node.close();
  const other = await startNode(url, keeping);
  const few = Math.ceil(count / 5);
  const { memory } = await other.act("visit", few);
  findings.compareMemory("open channel that nobody uses", few * 2, other.started.memory, memory);
  await other.close();
}

/** Readers on a node that is then cut off, while another one writes what they wait for. */
async function read(server, count, findings) {
  const line = await TcpProxy.start(server.port);
  const node = await startNode(`nats://127.0.0.1:${line.port}`);
  const before = await server.measureMemory();
  const subscribed = await node.act("subscribe", count);
  const { memory } = subscribed;
  findings.compareMemory("reader that waits, in its node", count, node.started.memory, memory);
  findings.compareMemory("… in nats-server", count, before, await server.measureMemory());
  findings.time("subscribe", count, subscribed);
  const writer = await startNode(server.url, forgetful);
  line.refuse();
  findings.time(
    "append an entry to each of their channels",
    count,
    await writer.act("append", count),
  );
  const start = performance.now();
  line.accept();
  const { cpuSeconds } = await node.act("awaitNext");
  const seconds = (performance.now() - start) / 1e3;
  findings.time("catch up with that, once connected again", count, { seconds, cpuSeconds });
  for (const each of [writer, node]) await each.close();
  await line.close();
}

export async function benchJetStreamCold({ count = 10_000 } = {}) {
  const findings = new Findings();
  let version = "";
  await withDirectory(async (path) => {
    const empty = await make(path, count, findings);
    const start = performance.now();
    const server = await startNatsServer(path);
    ({ version } = server);
    const seconds = (performance.now() - start) / 1e3;
    findings.time("start of nats-server, for each process", count, { seconds });
    const memory = await server.measureMemory();
    findings.compareMemory("process, in nats-server, after its start", count, empty, memory);
    await use(server, count, findings);
    await read(server, count, findings);
    await server.stop();
  });
  const many = count.toLocaleString("en");
  const what = `${many} running processes with two channels of one entry each, one copy (${version})`;
  const timed = `${what}: times, ${many} of each, 64 at a time`;
  const tables = [
    { title: `${what}: on disk, for each process`, header: ["", "each"], rows: findings.stored },
    { title: `${what}: memory`, header: ["of each", "heap", "resident"], rows: findings.memory },
    { title: timed, header: ["", "all", "each", "processor", "rate"], rows: findings.times },
  ];
  return { tables, figures: findings.figures, verdicts: [] };
}

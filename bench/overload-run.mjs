// Runs of overload: what a server can carry is measured first, then twice as much is offered, while its memory is sampled
// and somebody else sends a message now and then. Server, load and that somebody are programs of their own.
import { setTimeout as delay } from "node:timers/promises";
import { median } from "./report.mjs";
import { Client, Server } from "./wire/contestant.mjs";
import { countEntries, createTopic } from "./wire/jobwire.mjs";
import { sharedMs } from "./wire/message.mjs";

const MiB = 1024 * 1024;
const program = "../overload-program.mjs";
export const entryBytes = 256;
const group = { entries: 64, bytes: entryBytes };
const trimmed = { whenFull: "trim", maxLogBytes: 16 * MiB };
const probesPerSecond = 50;
const sampleMs = 250;
const beforeMs = 3_000;
const afterMs = 5_000;
/** Of a server with its default limits, and as many in a request. */
export const limitPerSecond = 10_000;
const limitBurst = 50_000;
export const batchEntries = 100;

/** Somebody with few messages. Its programs are its own, so that it waits for nobody but the server. */
class Probe {
  #publisher = new Client("jobwire");
  #reader = new Client("jobwire");

  async start(address, forMs) {
    const place = { address, topic: "probe" };
    await createTopic(address, place.topic);
    await this.#reader.do("openReaders", { ...place, count: 1 });
    const atRate = { bytes: 64, perSecond: probesPerSecond, forMs };
    this.#sent = this.#publisher.do("publishAtRate", { ...place, ...atRate });
    this.#sent.catch(() => undefined);
  }

  #sent;

  /** Milliseconds of each message by its planned moment. */
  async finish() {
    const { count, startMs } = await this.#sent;
    const finished = await this.#reader.do("finishReaders", { last: count, patienceMs: 60_000 });
    const { latencies, missing, repeated } = finished;
    const delays = latencies.map((ms, index) => [startMs + (index * 1e3) / probesPerSecond, ms]);
    return { delays, missing, repeated };
  }

  async stop() {
    await Promise.all([this.#publisher.stop(), this.#reader.stop()]);
  }
}

async function sampleMemory(server, samples, isOver) {
  while (!isOver()) {
    samples.push([sharedMs(), await server.residentBytes()]);
    await delay(sampleMs);
  }
}

/**
 * With `windowBytes` under way on each connection at the most. `maximum` is measured where it is not given. Those who are
 * patient wait for their answers when the load goes away, the others are gone with their connections.
 */
export async function overload(settings) {
  const { store, seconds, connections, windowBytes, maximum: known, isPatient } = settings;
  const server = await Server.start({ module: "jobwire", options: { store } });
  const load = new Client("jobwire", program);
  const probe = new Probe();
  try {
    const { address } = server;
    const processes = Array.from({ length: connections }, (_, index) => `load-${index}`);
    for (const id of processes) await createTopic(address, id, trimmed);
    await load.do("open", { address, processes, group: { ...group, windowBytes } });
    const maximum = known ?? (await measureMaximum(load, Math.min(3_000, seconds * 200)));
    const samples = [];
    let isOver = false;
    await probe.start(address, beforeMs + seconds * 1e3 + afterMs);
    const sampling = sampleMemory(server, samples, () => isOver);
    // Whatever else fails first is what is told.
    sampling.catch(() => undefined);
    await delay(beforeMs);
    const offering = { perSecond: 2 * maximum, entries: group.entries, forMs: seconds * 1e3 };
    const offered = await load.do("offer", { ...offering, isPatient });
    const { total } = await load.do("close", {});
    const probed = await probe.finish();
    isOver = true;
    await sampling;
    let kept = 0;
    for (const id of processes) kept += await countEntries(address, id);
    return { maximum, ...offered, samples, probed, total, kept };
  } finally {
    await Promise.all([load.stop(), probe.stop()]);
    await server.stop();
  }
}

/** Entries per second. The first of them warms up. */
async function measureMaximum(load, forMs) {
  const rates = [];
  for (let round = 0; round < 4; round++)
    rates.push((await load.do("saturate", { forMs })).perSecond);
  return median(rates.slice(1));
}

/** Batches at twice the rate of the default limits, once what may be sent at once is used up. */
export async function exceedRate(seconds) {
  const server = await Server.start({
    module: "jobwire",
    options: { store: "segment-log", limits: {} },
  });
  const load = new Client("jobwire", program);
  try {
    const { address } = server;
    await createTopic(address, "limited", trimmed);
    const path = "/v1/processes/limited/channels/out/entries/batch";
    const batch = { address, path, entries: batchEntries, bytes: 64, connections: 64 };
    const perSecond = 2 * limitPerSecond;
    const burstMs = (limitBurst * 1e3) / limitPerSecond + 1_000;
    const posted = await load.do("post", { ...batch, perSecond, forMs: burstMs + seconds * 1e3 });
    const steady = posted.seconds.slice(Math.ceil(burstMs / 1e3), -1);
    const total = {};
    for (const second of steady)
      for (const [what, count] of Object.entries(second)) total[what] = (total[what] ?? 0) + count;
    const rates = Object.fromEntries(
      Object.entries(total).map(([what, count]) => [what, count / steady.length]),
    );
    return { perSecond, rates, after: posted.after };
  } finally {
    await load.stop();
    await server.stop();
  }
}

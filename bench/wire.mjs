// Messages through servers and clients that are programs of their own: published with acknowledgement, delivered to
// one reader and to a hundred, and the time from the planned moment of a message until its reader has it. Ours beside
// its peers, in turns within one run.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { formatSpread, medianRatio, printTable, quantile } from "./report.mjs";
import { kinds, loadKind, programPath } from "./wire/kinds.mjs";

const bytes = 64;
const unacked = 1_024;
const patienceMs = 60_000;
const latencyPerSecond = 1_000;

/** A program that does what it is told, one thing at a time. */
class Client {
  #child;

  constructor(module) {
    this.#child = fork(programPath("client-program.mjs"), [module], { serialization: "advanced" });
  }

  async do(task, given) {
    this.#child.send({ task, ...given });
    const [{ result, error }] = await once(this.#child, "message");
    if (error !== undefined) throw new Error(`${task}: ${error}`);
    return result;
  }

  async stop() {
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}

/** A server of one kind with those who use it. */
class Contestant {
  #server;
  #publisher;
  #reader;
  #address;
  #topics = 0;
  /** Messages that readers lacked or got twice, over all that was measured. */
  missing = 0;
  repeated = 0;

  static async start({ module, options }) {
    const contestant = new Contestant();
    contestant.#server = fork(programPath("server-program.mjs"), [module, JSON.stringify(options)]);
    [contestant.#address] = await once(contestant.#server, "message");
    contestant.#publisher = new Client(module);
    contestant.#reader = new Client(module);
    return contestant;
  }

  async stop() {
    await Promise.all([this.#publisher.stop(), this.#reader.stop()]);
    this.#server.disconnect();
    await once(this.#server, "exit");
  }

  /** Per second. */
  async publish(forMs) {
    const place = await this.#createTopic();
    const publishing = { ...place, bytes, unacked, forMs };
    const { count, startMs, endMs } = await this.#publisher.do("publish", publishing);
    return (count / (endMs - startMs)) * 1000;
  }

  /** Deliveries per second, to all readers together. */
  async deliver(readers, forMs) {
    const place = await this.#createTopic();
    await this.#reader.do("openReaders", { ...place, count: readers });
    const publishing = { ...place, bytes, unacked, forMs };
    const { count, startMs } = await this.#publisher.do("publish", publishing);
    const { endMs, delivered } = await this.#finish(count);
    return (delivered / (endMs - startMs)) * 1000;
  }

  /** Milliseconds of each message. */
  async delay(forMs) {
    const place = await this.#createTopic();
    await this.#reader.do("openReaders", { ...place, count: 1 });
    const publishing = { ...place, bytes, perSecond: latencyPerSecond, forMs };
    const { count } = await this.#publisher.do("publishAtRate", publishing);
    return (await this.#finish(count)).latencies;
  }

  async #createTopic() {
    const place = { address: this.#address, topic: `t${(this.#topics += 1)}` };
    await this.#publisher.do("createTopic", place);
    return place;
  }

  async #finish(last) {
    const finished = await this.#reader.do("finishReaders", { last, patienceMs });
    this.missing += finished.missing;
    this.repeated += finished.repeated;
    return finished;
  }
}

/** Kinds whose server is on this machine; the others are named. */
async function findKinds() {
  const found = [];
  for (const kind of kinds) {
    const { program } = await loadKind(kind.module);
    const path = program && (process.env[program.variable] ?? program.name);
    if (path === undefined || spawnSync(path, ["--version"]).status === 0) found.push(kind);
    else
      console.log(
        `${kind.name}: there is no ${path}; install it, or name one in ${program.variable}.`,
      );
  }
  return found;
}

const measures = {
  publish: (contestant, turnMs) => contestant.publish(turnMs),
  one: (contestant, turnMs) => contestant.deliver(1, turnMs),
  // A hundred readers take long for what is published in a moment.
  hundred: (contestant, turnMs) => contestant.deliver(100, turnMs / 10),
  delay: async (contestant, turnMs) => quantile(await contestant.delay(turnMs), 0.5),
};

export async function benchWire({ rounds = 5, turnMs = 1_500 } = {}) {
  const found = await findKinds();
  const contestants = new Map();
  for (const kind of found) contestants.set(kind.name, await Contestant.start(kind));
  const figures = new Map(found.map(({ name }) => [name, mapValues(measures, () => [])]));
  try {
    // The first round is for compilers to have seen everything.
    for (let round = 0; round <= rounds; round++)
      for (const [measure, take] of Object.entries(measures))
        for (const [name, contestant] of contestants) {
          const figure = await take(contestant, turnMs);
          if (round > 0) figures.get(name)[measure].push(figure);
        }
  } finally {
    for (const contestant of contestants.values()) await contestant.stop();
  }
  print(figures, contestants, rounds);
  return judge(figures, contestants);
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}

function print(figures, contestants, rounds) {
  const milliseconds = (value) => `${value.toFixed(2)} ms`;
  printTable(
    `Messages of ${bytes} B per second, up to ${unacked} unacknowledged; from the planned moment to the reader at ${latencyPerSecond}/s, p50; ${rounds} rounds; our rate limit is raised`,
    ["", "published", "delivered 1→1", "delivered 1→100", "delay", "missing", "repeated"],
    [...figures].map(([name, { publish, one, hundred, delay }]) => [
      name,
      ...[publish, one, hundred].map((values) => formatSpread(values)),
      formatSpread(delay, milliseconds),
      String(contestants.get(name).missing),
      String(contestants.get(name).repeated),
    ]),
  );
}

/** `measure` of ours, `least` times that of the other, or `most` times. */
const targets = [
  ["publish", "jobwire, memory", { least: 3 }, "ws, a frame a message"],
  ["publish", "jobwire, memory", { least: 2 }, "Redis Streams, everysec"],
  ["publish", "jobwire, memory", { least: 0.6 }, "ws, a frame a turn"],
  ["publish", "jobwire, segment log", { least: 3 }, "Redis Streams, always"],
  ["publish", "jobwire, segment log", { least: 50 }, "JetStream, sync always"],
  ["publish", "jobwire, segment log", { least: 0.5 }, "jobwire, memory"],
  ["one", "jobwire, memory", { least: 2 }, "Redis Streams, everysec"],
  ["one", "jobwire, memory", { least: 0.6 }, "ws, a frame a turn"],
  ["hundred", "jobwire, memory", { least: 3 }, "Redis Streams, everysec"],
  ["hundred", "jobwire, memory", { least: 0.5 }, "ws, a frame a turn"],
  ["delay", "jobwire, memory", { most: 1 }, "Redis Streams, everysec"],
  ["delay", "jobwire, memory", { most: 1.5 }, "ws, a frame a message"],
  ["delay", "jobwire, segment log", { most: 1 }, "Redis Streams, always"],
];
const words = {
  publish: "publish",
  one: "deliver 1→1",
  hundred: "deliver 1→100",
  delay: "end-to-end p50",
};

function judge(figures, contestants) {
  const judged = targets.flatMap(([measure, ours, { least, most }, other]) => {
    const [mine, theirs] = [ours, other].map((name) => figures.get(name)?.[measure]);
    if (theirs === undefined) return [];
    const ratio = medianRatio(mine, theirs);
    const bound = least === undefined ? `at most ${most}` : `at least ${least}`;
    const target = `${words[measure]}: ${ours}, ${ratio.toFixed(2)} × ${other}, ${bound}`;
    return [{ target, met: least === undefined ? ratio <= most : ratio >= least }];
  });
  const isExact = [...contestants]
    .filter(([name]) => name.startsWith("jobwire"))
    .every(([, { missing, repeated }]) => missing === 0 && repeated === 0);
  return [...judged, { target: "nothing missing, nothing repeated", met: isExact, isExact }];
}

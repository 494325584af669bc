// Run as a program of its own by the soak: writes at a rate, or is all the readers, as it is told by messages.
import { setTimeout as delay } from "node:timers/promises";
import { connect, createTopic } from "../wire/jobwire.mjs";
import { createMessage, sharedMs } from "../wire/message.mjs";
import { CuttableSockets, SoakCounts, SoakReader } from "./soak-reader.mjs";
import { serveTasks } from "../tasks.mjs";

const unacked = 512;
const patienceMs = 120_000;

async function createChannels({ address, topics, spec }) {
  for (const topic of topics) await createTopic(address, topic, spec);
}

/** A writer of a channel, whose messages are numbered as their positions will be. */
class Writer {
  sent = 0;
  failures = [];
  #sockets = new CuttableSockets();
  #wire;
  #channel;
  #underWay = new Set();

  constructor(address, topic) {
    this.#wire = connect(address, this.#sockets.constructorOfSockets);
    this.#channel = this.#wire.process(topic).channel("out");
  }

  send(bytes) {
    const sent = this.#channel.send(createMessage(bytes, ++this.sent)).catch((error) => {
      this.failures.push(String(error));
    });
    this.#underWay.add(sent);
    return sent.finally(() => this.#underWay.delete(sent));
  }

  cut() {
    return this.#sockets.cut();
  }

  async close() {
    await Promise.all(this.#underWay);
    await this.#wire.close();
  }
}

let writers = [];

function finishWriting() {
  const counts = Object.fromEntries(writers.map(({ topic, writer }) => [topic, writer.sent]));
  const failures = writers.flatMap(({ writer }) => writer.failures);
  return { counts, failures };
}

/** So many to each channel, as fast as they are acknowledged, or as many as can be in that time. */
async function writeAll({ address, topics, bytes, perChannel, forMs }) {
  writers = topics.map((topic) => ({ topic, writer: new Writer(address, topic) }));
  const startMs = sharedMs();
  const loop = async ({ writer }) => {
    while (writer.sent < perChannel && sharedMs() < startMs + forMs) await writer.send(bytes);
  };
  const loops = writers.flatMap((each) => Array.from({ length: unacked }, () => loop(each)));
  await Promise.all(loops);
  await Promise.all(writers.map(({ writer }) => writer.close()));
  return { startMs, ...finishWriting() };
}

/** At a fixed rate over all channels; every now and then a connection is cut, and what was under way goes again. */
async function write({ address, topics, bytes, perSecond, cutEveryMs, forMs }) {
  writers = topics.map((topic) => ({ topic, writer: new Writer(address, topic) }));
  const startMs = sharedMs();
  let sent = 0;
  let cutAtMs = startMs + cutEveryMs;
  let turn = 0;
  let cut = 0;
  while (sharedMs() < startMs + forMs) {
    const due = ((sharedMs() - startMs) * perSecond) / 1e3;
    for (; sent < due; sent++) void writers[sent % writers.length].writer.send(bytes);
    if (sharedMs() > cutAtMs) {
      cutAtMs += cutEveryMs;
      cut += writers[turn++ % writers.length].writer.cut();
    }
    await delay(1);
  }
  await Promise.all(writers.map(({ writer }) => writer.close()));
  return { cut, ...finishWriting() };
}

const counts = new SoakCounts();
/** Readers that are to have everything, from the first entry on. */
let standing = [];
let visitors = [];
let isOver = false;

const between = (least, most) => least + Math.random() * (most - least);
const pick = (all) => all[Math.floor(Math.random() * all.length)];

/** Three of each channel: one that stays, one whose connection is cut, one that goes and comes with its cursor. */
async function openReaders({ address, topics, keptEntries }) {
  isOver = false;
  standing = topics.flatMap((topic) => {
    const readers = Array.from({ length: 3 }, () => new SoakReader(counts, { keptEntries }));
    for (const reader of readers) reader.open(address, topic, "start");
    const [, cut, stored] = readers;
    visitors.push(cutAgainAndAgain(cut), comeAndGo(stored, address, topic));
    return readers.map((reader) => ({ topic, reader }));
  });
}

/** Readers that come, stay for a while and leave: so many at a time from the oldest entry, and from now. */
function openVisitors({ address, topics, keptEntries, each }) {
  for (let index = 0; index < each; index++)
    visitors.push(
      visit(address, topics, "start", { keptEntries, mayBeOvertaken: true }),
      visit(address, topics, "now", { keptEntries }),
    );
}

async function cutAgainAndAgain(reader) {
  while (!isOver) {
    await delay(between(1_000, 4_000));
    // Who is cut again and again before it has got anything is overtaken in the end, as it must be.
    if (!isOver && !reader.isAway) reader.cut();
  }
}

async function comeAndGo(reader, address, topic) {
  while (!isOver) {
    await delay(between(1_000, 3_000));
    if (isOver) return;
    if (reader.isAway) continue;
    await reader.close();
    await delay(between(50, 500));
    reader.open(address, topic, "start");
  }
}

async function visit(address, topics, from, settings) {
  while (!isOver) {
    const reader = new SoakReader(counts, settings);
    reader.open(address, pick(topics), from);
    await delay(between(500, 3_000));
    await reader.close();
  }
}

/** Until each that stands has as many as were written; what it lacks by the end of all patience is missing. */
async function finishReaders({ written }) {
  isOver = true;
  await Promise.all(visitors);
  visitors = [];
  const patience = new AbortController();
  const all = Promise.all(
    standing.map(({ topic, reader }) => {
      const hasAll = () => reader.failure !== undefined || reader.last >= written[topic];
      return new Promise((resolve) => {
        reader.onEntries = () => hasAll() && resolve();
        reader.onEntries();
      });
    }),
  );
  const late = delay(patienceMs, undefined, { signal: patience.signal });
  await Promise.race([all, late.catch(() => undefined)]);
  patience.abort();
  const endMs = sharedMs();
  for (const { topic, reader } of standing) {
    counts.missing += Math.max(0, written[topic] - reader.last);
    await reader.close();
  }
  standing = [];
  return { endMs, counts: { ...counts } };
}

const work = { createChannels, writeAll, write, openReaders, openVisitors, finishReaders };

serveTasks(work);

// Run as a program of its own: publishes or reads, as it is told by messages.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { loadKind } from "./kinds.mjs";
import { createMessage, sharedMs, Tally } from "./message.mjs";
import { serveTasks } from "../tasks.mjs";

const [module] = process.argv.slice(2);
const kind = await loadKind(module);

/** As many as can be in that time, or as are wanted, so many of them unacknowledged at a time. */
async function publish({ address, topic, bytes, unacked, forMs, countMax = Infinity }) {
  const { publish: send, close } = await kind.openPublisher(address, topic);
  const startMs = sharedMs();
  const untilMs = startMs + forMs;
  let count = 0;
  const loop = async () => {
    while (count < countMax && sharedMs() < untilMs) await send(createMessage(bytes, ++count));
  };
  await Promise.all(Array.from({ length: unacked }, loop));
  const endMs = sharedMs();
  await close();
  return { count, startMs, endMs };
}

/** At a fixed rate, whether or not the one before has been acknowledged: a delay is not left out of the account. */
async function publishAtRate({ address, topic, bytes, perSecond, forMs }) {
  const { publish: send, close } = await kind.openPublisher(address, topic);
  const count = Math.floor((perSecond * forMs) / 1000);
  const startMs = sharedMs() + 100;
  const sent = [];
  for (let number = 1; number <= count;) {
    const plannedMs = startMs + ((number - 1) * 1000) / perSecond;
    const waitMs = plannedMs - sharedMs();
    if (waitMs > 0) await delay(waitMs);
    // A timer fires late by up to a millisecond or more: what is due by then goes together, each with its moment.
    for (; number <= count; number++) {
      const dueMs = startMs + ((number - 1) * 1000) / perSecond;
      if (dueMs > sharedMs()) break;
      sent.push(send(createMessage(bytes, number, dueMs)));
    }
  }
  await Promise.all(sent);
  await close();
  return { count, startMs };
}

let readers = [];
/** Of the last message, once that is known. */
let target = Infinity;
let reached = () => undefined;
/** When all of them had the last message, if that was before anybody waited for it. */
let reachedMs;

async function openReaders({ address, topic, count }) {
  readers = await Promise.all(
    Array.from({ length: count }, async () => {
      const tally = new Tally();
      const { close } = await kind.openReader(address, topic, (message) => {
        tally.take(message);
        if (tally.last >= target) reached();
      });
      return { tally, close };
    }),
  );
}

/** Who has all of a log as soon as it can. */
async function openLateReader({ last, ...place }) {
  reached = () => (reachedMs ??= sharedMs());
  target = last;
  const startMs = sharedMs();
  await openReaders({ ...place, count: 1 });
  return { startMs };
}

/** Until each reader has the message of that number; what is missing by the patience's end is counted. */
async function finishReaders({ last, patienceMs }) {
  let endMs = reachedMs ?? sharedMs();
  const patience = new AbortController();
  const all = new Promise((resolve) => {
    reached = () => {
      if (readers.some(({ tally }) => tally.last < last)) return;
      endMs = reachedMs ?? sharedMs();
      resolve();
    };
  });
  target = last;
  reached();
  const late = delay(patienceMs, undefined, { signal: patience.signal });
  await Promise.race([all, late.catch(() => undefined)]);
  patience.abort();
  target = Infinity;
  reachedMs = undefined;
  const tallies = readers.map(({ tally }) => tally);
  await Promise.all(readers.map(({ close }) => close()));
  readers = [];
  const sum = (of) => tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    endMs,
    delivered: sum(({ last: lastOne, missing }) => lastOne - missing),
    missing: sum(({ last: lastOne, missing }) => missing + Math.max(0, last - lastOne)),
    repeated: sum(({ repeated }) => repeated),
    latencies: tallies.flatMap(({ latencies }) => latencies),
  };
}

const work = {
  createTopic: ({ address, topic, spec }) => kind.createTopic(address, topic, spec),
  removeTopic: ({ address, topic }) => kind.removeTopic(address, topic),
  publish,
  publishAtRate,
  openReaders,
  openLateReader,
  finishReaders,
};

serveTasks(work);

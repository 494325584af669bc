// Run as a program of its own: publishes in groups over several connections, as much as is taken or as much as it is told,
// or posts batches over HTTP at a fixed rate.
import { setTimeout as delay } from "node:timers/promises";
import { GroupPublisher } from "./wire/group-publisher.mjs";
import { encodeBatch, encodeRequest, HttpConnection } from "./wire/http-connection.mjs";
import { sharedMs } from "./wire/message.mjs";
import { serveTasks } from "./tasks.mjs";

/** Of who asks again after he was refused for the rate. */
const patienceMs = 5_000;
/** Of batches for which no connection was free. */
const notSent = "not sent";
let publishers = [];

async function open({ address, processes, group }) {
  const opening = processes.map((each) =>
    GroupPublisher.open(address, { process: each, ...group }),
  );
  publishers = await Promise.all(opening);
}

const acceptedNow = () => publishers.reduce((sum, { accepted }) => sum + accepted, 0);

function refusedNow() {
  const refused = {};
  for (const each of publishers)
    for (const [code, count] of Object.entries(each.refused))
      refused[code] = (refused[code] ?? 0) + count;
  return refused;
}

/** As many as the server takes: each connection has its window full. */
async function saturate({ forMs }) {
  const before = acceptedNow();
  const startMs = sharedMs();
  const untilMs = startMs + forMs;
  const fill = async (publisher) => {
    while (sharedMs() < untilMs) {
      while (publisher.send());
      await publisher.whenAnswered();
    }
  };
  await Promise.all(publishers.map(fill));
  // With what was under way at the end of that time: windows are large where the server is slow.
  await settle();
  return { perSecond: ((acceptedNow() - before) * 1e3) / (sharedMs() - startMs) };
}

/** What is due is offered whether or not what came before was taken; accepted entries by the second. */
async function offer({ perSecond, entries, forMs, isPatient }) {
  const before = acceptedNow();
  const startMs = sharedMs();
  let offered = 0;
  let untaken = 0;
  let turn = 0;
  const seconds = [];
  while (sharedMs() < startMs + forMs) {
    const due = ((sharedMs() - startMs) * perSecond) / 1e3;
    for (; offered < due; offered += entries)
      if (!publishers[turn++ % publishers.length].send()) untaken += entries;
    const second = Math.floor((sharedMs() - startMs) / 1e3);
    seconds[second] = acceptedNow() - before;
    await delay(1);
  }
  const endMs = sharedMs();
  const accepted = acceptedNow() - before;
  if (isPatient) await settle();
  const settledMs = sharedMs();
  return { startMs, endMs, settledMs, offered, untaken, accepted, refused: refusedNow(), seconds };
}

async function settle() {
  for (const publisher of publishers)
    while (!publisher.isIdle) await Promise.race([publisher.whenAnswered(), delay(100)]);
}

function close() {
  const total = acceptedNow();
  for (const publisher of publishers) publisher.close();
  return { total };
}

/** Batches over HTTP, on a free connection each; what each was answered, as code or as `accepted`, by the second. */
async function post({ address, path, entries, bytes, perSecond, connections, forMs }) {
  const request = encodeRequest(address, path, encodeBatch(entries, bytes));
  const opening = Array.from({ length: connections }, () => HttpConnection.open(address.url));
  const free = await Promise.all(opening);
  const startMs = sharedMs();
  const seconds = [];
  const count = (what) => {
    const second = Math.floor((sharedMs() - startMs) / 1e3);
    seconds[second] ??= {};
    seconds[second][what] = (seconds[second][what] ?? 0) + entries;
  };
  let offered = 0;
  const under = new Set();
  while (sharedMs() < startMs + forMs) {
    for (; offered < ((sharedMs() - startMs) * perSecond) / 1e3; offered += entries) {
      // In turn: one that is not used for seconds is closed by the server.
      const connection = free.shift();
      if (connection === undefined) {
        count(notSent);
        continue;
      }
      const answered = connection.send(request).then(({ status, body }) => {
        free.push(connection);
        under.delete(answered);
        count(status < 300 ? "accepted" : (JSON.parse(body).code ?? `status ${status}`));
      });
      under.add(answered);
    }
    await delay(1);
  }
  await Promise.all(under);
  const [last] = free;
  const endMs = sharedMs();
  let { status } = await last.send(request);
  while (status === 429 && sharedMs() < endMs + patienceMs) {
    await delay(1);
    ({ status } = await last.send(request));
  }
  for (const connection of free) connection.close();
  return { offered, seconds, after: { status, ms: sharedMs() - endMs } };
}

const work = { open, saturate, offer, close, post };

serveTasks(work);

// Run as a program of its own: publishes to many channels or reads them, as it is told by messages.
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { loadKind } from "./kinds.mjs";
import { createMessage, sharedMs, Tally } from "./message.mjs";
import { serveTasks } from "../tasks.mjs";

const [module] = process.argv.slice(2);
const kind = await loadKind(module);
let publisher;
let tallies = [];

/** So many messages to each channel, in turns, of which the numbers go on where they ended. */
async function publish({ address, channels, perChannel, first, bytes, unacked }) {
  publisher ??= await kind.openChannelsPublisher(address, channels);
  const total = channels * perChannel;
  let begun = 0;
  const startMs = sharedMs();
  const loop = async () => {
    while (begun < total) {
      const at = begun++;
      const message = createMessage(bytes, first + Math.floor(at / channels));
      await publisher.publish(at % channels, message);
    }
  };
  await Promise.all(Array.from({ length: unacked }, loop));
  return { startMs, endMs: sharedMs() };
}

/** Of those who wait: the number that each channel is to come to. */
let target = 0;
let left = 0;
let reached = () => undefined;

async function openReaders({ address, channels }) {
  tallies = Array.from({ length: channels }, () => new Tally());
  await kind.openChannelsReader(address, channels, (channel, message) => {
    const tally = tallies[channel];
    const before = tally.last;
    tally.take(message);
    if (before < target && tally.last >= target && (left -= 1) === 0) reached();
  });
}

/** Before that many are published. */
function expect({ last }) {
  target = last;
  left = tallies.length;
}

async function finish({ patienceMs }) {
  const patience = new AbortController();
  const all = new Promise((resolve) => {
    reached = resolve;
    if (left === 0) resolve();
  });
  const late = delay(patienceMs, undefined, { signal: patience.signal });
  await Promise.race([all, late.catch(() => undefined)]);
  patience.abort();
  const endMs = sharedMs();
  const sum = (of) => tallies.reduce((total, tally) => total + of(tally), 0);
  return {
    endMs,
    delivered: sum(({ last, missing }) => last - missing),
    missing: sum(({ last, missing }) => missing + Math.max(0, target - last)),
    repeated: sum(({ repeated }) => repeated),
  };
}

const work = { publish, openReaders, expect, finish };

serveTasks(work);

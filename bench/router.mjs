// The router in process: append into a log of 0, 1,000, 5,000 and 10,000 entries, fan-out, and what
// the same work costs at the least. One run interleaves all rows, so that their ratios hold even where
// the machine is noisy.
import { Router } from "../dist/index.js";
import { formatCount, median, printTable } from "./report.mjs";

// Measured for the Go package `channel` of ColonyOS v1.9, which sorts the log at each append; appends
// and deliveries per second.
const goAppends = { 0: 2_100_000, 1_000: 162_000, 5_000: 26_500, 10_000: 12_300 };
const goDeliveries = { 1: 120_000, 10: 1_040_000, 100: 5_650_000 };

const payload = new Uint8Array(64);
const batch = 1_000;

function createRouter() {
  const router = Router.withoutRateLimit({
    maxLogEntries: Infinity,
    maxLogBytes: Infinity,
    subscriberBufferSize: Infinity,
  });
  router.create({
    id: "channel",
    processId: "process",
    name: "out",
    submitterId: "submitter",
    executorId: "executor",
  });
  return router;
}

/** Seconds that `batch` appends take with `size` entries in the log before. */
function timeAppends(size) {
  const router = createRouter();
  for (let i = 1; i <= size; i++) router.append("channel", "executor", i, 0, payload);
  // Somebody has read it all, as in a log in use.
  router.getSequence("channel");
  const start = process.hrtime.bigint();
  for (let i = 1; i <= batch; i++) router.append("channel", "executor", size + i, 0, payload);
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** The least that any such log does: look the channel up, make an entry with its time, push it. */
function timeFloor(size) {
  const channels = new Map([["channel", []]]);
  const push = (sequence) =>
    channels.get("channel").push({
      position: 0,
      sequence,
      inReplyTo: 0,
      replyTo: 0,
      timestamp: Date.now(),
      senderId: "executor",
      producer: "",
      payload,
      type: "data",
      error: "",
    });
  for (let i = 1; i <= size; i++) push(i);
  const start = process.hrtime.bigint();
  for (let i = 1; i <= batch; i++) push(size + i);
  return Number(process.hrtime.bigint() - start) / 1e9;
}

function timeFanOut(readers) {
  const router = createRouter();
  const subscriptions = Array.from({ length: readers }, () =>
    router.subscribe("channel", "submitter"),
  );
  const rounds = 1_000;
  let delivered = 0;
  const start = process.hrtime.bigint();
  for (let i = 1; i <= rounds; i++) {
    router.append("channel", "executor", i, 0, payload);
    for (const subscription of subscriptions) if (subscription.tryNext() !== undefined) delivered++;
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (delivered !== rounds * readers)
    throw new Error(`delivered ${delivered} of ${rounds * readers}`);
  return seconds / delivered;
}

export function benchRouter({ rounds = 200 } = {}) {
  const sizes = [0, 1_000, 5_000, 10_000];
  const rates = new Map([...sizes.map((size) => [size, []]), ["floor", []]]);
  for (let round = 0; round < rounds; round++) {
    for (const size of sizes) {
      const rate = batch / timeAppends(size);
      if (round >= rounds / 5) rates.get(size).push(rate);
    }
    const floor = batch / timeFloor(10_000);
    if (round >= rounds / 5) rates.get("floor").push(floor);
  }
  const empty = median(rates.get(0));
  const floor = median(rates.get("floor"));
  const rows = sizes.map((size) => {
    const rate = median(rates.get(size));
    return [
      `log of ${size.toLocaleString("en")}`,
      formatCount(rate),
      formatCount(goAppends[size]),
      (rate / goAppends[size]).toFixed(1),
      (empty / rate).toFixed(2),
      (rate / floor).toFixed(2),
    ];
  });
  rows.push(["Map lookup + push", formatCount(floor), "", "", "", "1.00"]);
  printTable(
    "In-process append, 64 B, per second (median)",
    ["", "jobwire", "Go reference", "× Go", "empty ÷ this", "× floor"],
    rows,
  );

  const fanOut = [1, 10, 100].map((readers) => {
    const samples = Array.from({ length: 30 }, () => 1 / timeFanOut(readers)).slice(5);
    const rate = median(samples);
    return [
      `${readers} readers`,
      formatCount(rate),
      formatCount(goDeliveries[readers]),
      (rate / goDeliveries[readers]).toFixed(1),
    ];
  });
  printTable(
    "In-process fan-out, deliveries per second (median)",
    ["", "jobwire", "Go reference", "× Go"],
    fanOut,
  );

  const full = median(rates.get(10_000));
  return [
    {
      target: "append at 10,000 entries is at least 50 × the Go reference",
      met: full >= 50 * goAppends[10_000],
    },
    {
      target: "append at 10,000 entries takes at most 1.2 × as long as at 0",
      met: empty / full <= 1.2,
    },
    {
      target: "append at 10,000 entries is at least 0.5 × of Map lookup + push",
      met: full >= 0.5 * floor,
    },
  ];
}

// The router in process: append into a log of 0, 1,000, 5,000 and 10,000 entries, fan-out, and what
// the same work costs at the least. One run interleaves all rows, so that their ratios hold even where
// the machine is noisy.
import { Router } from "../dist/index.js";
import { formatCount, formatSpread, median } from "./report.mjs";

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

/** Seconds for each entry that is read from a log of 10,000, a thousand at a time. */
function timeRead() {
  const router = createRouter();
  const size = 10_000;
  for (let i = 1; i <= size; i++) router.append("channel", "executor", i, 0, payload);
  let read = 0;
  const start = process.hrtime.bigint();
  for (let after = 0; after < size; after += 1_000)
    read += router.readAfter("channel", "submitter", after, 1_000).length;
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (read !== size) throw new Error(`read ${read} of ${size}`);
  return seconds / read;
}

const sizes = [0, 1_000, 5_000, 10_000];
const readerCounts = [1, 10, 100];

/** Per second, of each round; the first fifth of them warms up. */
function measure(rounds) {
  const contestants = [
    ...sizes.map((size) => [`append at ${size}`, () => batch / timeAppends(size)]),
    ["append at the least", () => batch / timeFloor(10_000)],
    ["read", () => 1 / timeRead()],
  ];
  const rates = Object.fromEntries(contestants.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, take] of contestants) {
      const rate = take();
      if (round >= rounds / 5) rates[name].push(rate);
    }
  // A round of a hundred readers takes as long as all the others together.
  for (let round = 0; round < rounds / 5; round++)
    for (const readers of readerCounts) {
      const rate = 1 / timeFanOut(readers);
      if (round >= rounds / 25) (rates[`fan-out to ${readers}`] ??= []).push(rate);
    }
  return rates;
}

export function benchRouter({ rounds = 200 } = {}) {
  const rates = measure(rounds);
  const rateOf = (name) => median(rates[name]);
  const empty = rateOf("append at 0");
  const floor = rateOf("append at the least");
  const full = rateOf("append at 10000");
  const appends = sizes.map((size) => {
    const rate = rateOf(`append at ${size}`);
    return [
      `log of ${size.toLocaleString("en")}`,
      formatSpread(rates[`append at ${size}`]),
      formatCount(goAppends[size]),
      (rate / goAppends[size]).toFixed(1),
      (empty / rate).toFixed(2),
      (rate / floor).toFixed(2),
    ];
  });
  appends.push(["Map lookup + push", formatCount(floor), "", "", "", "1.00"]);
  const fanOuts = readerCounts.map((readers) => [
    `fan-out to ${readers}`,
    formatSpread(rates[`fan-out to ${readers}`]),
    formatCount(goDeliveries[readers]),
    (rateOf(`fan-out to ${readers}`) / goDeliveries[readers]).toFixed(1),
  ]);
  const read = ["read, a thousand at a time", formatSpread(rates.read), "not measured", ""];
  const tables = [
    {
      title: "In-process append, 64 B, per second: median (quartiles)",
      header: ["", "jobwire", "Go reference", "× Go", "empty ÷ this", "× floor"],
      rows: appends,
    },
    {
      title: "In-process entries delivered per second: median (quartiles)",
      header: ["", "jobwire", "Go reference", "× Go"],
      rows: [...fanOuts, read],
    },
  ];
  return { tables, figures: rates, verdicts: judge({ empty, full, floor }) };
}

function judge({ empty, full, floor }) {
  const overGo = full / goAppends[10_000];
  return [
    {
      target: `append at 10,000 entries: ${overGo.toFixed(0)} × the Go reference, at least 50`,
      met: overGo >= 50,
    },
    {
      target: `append at 10,000 entries takes ${(empty / full).toFixed(2)} × as long as at 0, at most 1.2`,
      met: empty / full <= 1.2,
    },
    {
      target: `append at 10,000 entries: ${(full / floor).toFixed(2)} × of Map lookup + push, at least 0.5`,
      met: full >= 0.5 * floor,
    },
  ];
}

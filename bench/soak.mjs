// Half of what the server can carry, for half an hour, with readers that come and go: memory is flat, the disk bounded, and
// no reader misses an entry or gets one twice. A minute of it is one of the tests.
import { formatBytes, formatCount, formatMilliseconds } from "./report.mjs";
import { judgeSoakDisk, judgeSoakMemory, measureSoakMaximum, runSoak } from "./soak/soak-run.mjs";

const channels = 4;
const MiB = 1024 * 1024;

export async function benchSoak({ minutes = 30 } = {}) {
  const maximum = await measureSoakMaximum({ channels, perChannel: 200_000, forMs: 15_000 });
  const perSecond = maximum / 2;
  const seconds = minutes * 60;
  const sampleMs = Math.min(10_000, (seconds * 1e3) / 20);
  const run = await runSoak({ seconds, perSecond, channels, sampleMs });
  const memory = judgeSoakMemory(run.samples);
  const disk = judgeSoakDisk(run.samples);
  return {
    tables: [tabulateCounts(run, { minutes, maximum }), tabulateMemory(memory)],
    charts: chart(run.samples),
    figures: { maximum, perSecond, ...run },
    verdicts: judge(run, memory, disk),
  };
}

const sumOf = (values) => Object.values(values).reduce((sum, value) => sum + value, 0);

function tabulateCounts({ counts, written, writersCut }, { minutes, maximum }) {
  const count = (number) => number.toLocaleString("en");
  const {
    delivered,
    missing,
    repeated,
    wrong,
    gaps,
    overtaken,
    unexpectedGaps,
    opened,
    cut,
    longestPauseMs,
  } = counts;
  return {
    title: `${minutes} minutes at ${formatCount(maximum / 2)} entries of 64 B per second into ${channels} trimmed channels, half of the ${formatCount(maximum)} that went in and came to three readers of each`,
    header: ["", "count"],
    rows: [
      ["entries written", count(sumOf(written))],
      ["deliveries", count(delivered)],
      ["subscriptions opened", count(opened)],
      ["connections of readers cut", count(cut)],
      ["connections of writers cut", count(writersCut)],
      ["longest pause of a reader, with its connection", formatMilliseconds(longestPauseMs)],
      ["missing", count(missing)],
      ["repeated", count(repeated)],
      ["other than what was written there", count(wrong)],
      ["gaps told to readers from the oldest entry, which trimming may overtake", count(gaps)],
      ["gaps told to others, who were that far behind", count(overtaken)],
      ["gaps told to anybody else", count(unexpectedGaps.length)],
    ],
  };
}

const names = { heapBytes: "heap and buffers", residentBytes: "resident" };

function tabulateMemory(memory) {
  const rows = memory.map(({ unit, meanBytes, grownBytes, allowedBytes }) => [
    names[unit],
    ...[meanBytes, grownBytes, allowedBytes].map(formatBytes),
  ]);
  return {
    title:
      "Of the server in the second half: memory after a collection, what it grew by the line through its samples, and what is as good as nothing",
    header: ["", "there was", "grown", "allowed"],
    rows,
  };
}

function chart(samples) {
  const line = (name, unit) => ({
    name,
    points: samples.map((each) => [each.second / 60, each[unit] / MiB]),
  });
  const shared = { kind: "lines", xLabel: "minutes", yLabel: "MiB" };
  return [
    {
      ...{ name: "soak-memory", title: "Memory of the server after a collection", ...shared },
      lines: [line("resident", "residentBytes"), line("heap and buffers", "heapBytes")],
    },
    {
      ...{ name: "soak-disk", title: "Files of the server", ...shared },
      lines: [line("on disk", "diskBytes")],
    },
  ];
}

function judge({ counts, failures }, memory, disk) {
  const { delivered, missing, repeated, wrong, unexpectedGaps, overtaken } = counts;
  const isExact = missing + repeated + wrong + unexpectedGaps.length === 0;
  const told = failures.length === 0 ? "" : `, first ${failures[0]}`;
  return [
    {
      target: `of ${delivered.toLocaleString("en")} deliveries ${missing} missing, ${repeated} repeated, ${wrong} wrong; ${unexpectedGaps.length} gaps told for nothing`,
      met: isExact,
      isExact,
    },
    {
      target: `readers keep up: ${overtaken} overtaken by the trimming of the log`,
      met: overtaken === 0,
    },
    { target: `nothing failed: ${failures.length} failures${told}`, met: failures.length === 0 },
    ...memory.map(({ unit, grownBytes, allowedBytes, isFlat }) => ({
      target: `memory is flat: ${names[unit]} ${formatBytes(grownBytes)} in the second half, at most ${formatBytes(allowedBytes)}`,
      met: isFlat,
    })),
    {
      target: `the disk is bounded: ${formatBytes(disk.mostBytes)} at the most, of ${formatBytes(disk.allowedBytes)} that are allowed`,
      met: disk.isBounded,
    },
  ];
}

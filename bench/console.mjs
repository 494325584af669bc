// The console in a browser, with many jobs, and with a channel that is written faster than anybody reads.
import { execFileSync } from "node:child_process";
import process from "node:process";
import { chromium } from "playwright-core";
import { FloodedConsole, areConsecutive } from "./console/flooded-console.mjs";
import { takeWatched } from "./console/page-watch.mjs";
import { quantile } from "./report.mjs";

const perSecond = 50_000;
const answerMsMax = 200;
const megabytesMax = 120;
const busyPartMax = 0.5;

export async function benchConsole({ count = 10_000, seconds = 20 } = {}) {
  const world = await FloodedConsole.start({ jobs: count });
  const name = process.env.CHROMIUM ?? "chromium";
  const browser = await chromium.launch({
    executablePath: execFileSync("which", [name], { encoding: "utf8" }).trim(),
    chromiumSandbox: process.getuid?.() !== 0,
  });
  try {
    const page = await world.openList(browser);
    await page.getByRole("button", { name: `all ${(count + 1).toLocaleString("en")}` }).waitFor();
    const list = await takeWatched(page);
    await world.openJob(page);
    const flood = await world.flood(page, { perSecond, forMs: seconds * 1_000 });
    return report(count, seconds, list, flood);
  } finally {
    await browser.close();
    await world.stop();
  }
}

function report(count, seconds, list, flood) {
  const longest = (tasks) => `${Math.max(0, ...tasks).toFixed(0)} ms`;
  const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const { tasks, answers, used, live, seen, lateMs, last, settledMs } = flood;
  const { microsecondsPerEntry, busyPart } = flood;
  const isExact = seen.every(({ numbers }) => areConsecutive(numbers));
  const behind = seen.map(({ state }) =>
    Number(/^([\d,]+) behind/.exec(state)?.[1].replaceAll(",", "") ?? 0),
  );
  const table = {
    title: `The console with ${count.toLocaleString("en")} jobs, and a channel at ${perSecond.toLocaleString("en")} entries/s for ${seconds} s`,
    header: ["", ""],
    rows: [
      ["list: tasks above 50 ms, the longest", `${list.tasks.length}, ${longest(list.tasks)}`],
      ["text: entries written", last.toLocaleString("en")],
      ["text: written and acknowledged within", `${settledMs.toFixed(0)} ms`],
      ["text: the page has the last one later by", `${lateMs.toFixed(0)} ms`],
      [
        "text: processor time of the page, for each entry and of all",
        `${microsecondsPerEntry.toFixed(1)} µs, ${(busyPart * 100).toFixed(0)} %`,
      ],
      ["text: behind, median and most", `${quantile(behind, 0.5)}, ${Math.max(...behind)}`],
      ["text: tasks above 50 ms, the longest", `${tasks.length}, ${longest(tasks)}`],
      [
        "text: answers to clicks and keys above 16 ms, the longest",
        `${answers.length}, ${longest(answers)}`,
      ],
      ["text: memory, most and afterwards", `${megabytes(Math.max(...used))}, ${megabytes(live)}`],
    ],
  };
  const verdicts = [
    { target: "no line is lost at 50,000 entries/s", met: isExact, isExact },
    {
      target: `an answer within ${answerMsMax} ms at 50,000 entries/s`,
      met: Math.max(0, ...answers) <= answerMsMax,
    },
    {
      target: `at most ${megabytesMax} MiB at 50,000 entries/s`,
      met: Math.max(...used) <= megabytesMax * 2 ** 20,
    },
    {
      target: "half of a processor is left of the page at 50,000 entries/s",
      met: busyPart <= busyPartMax,
    },
  ];
  return { tables: [table], charts: [], figures: { list, flood }, verdicts };
}

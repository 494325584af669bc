// Runs the benchmark suite and prints its tables: all parts, or those of `--only <part>`, which may be given more than
// once. It exits with 1 when entries were lost or repeated or a part failed, with `--check` also when a target is missed.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { formatConditions, readConditions } from "./conditions.mjs";
import { parts } from "./parts.mjs";
import { installPeers } from "./peers.mjs";
import { formatTable } from "./report.mjs";
import { writePage } from "./report-page.mjs";

const usage = `npm run bench -- [options]
  --only <part>     one of ${Object.keys(parts).join(", ")}; may be repeated
  --quick           all of it in five minutes: fewer rounds, smaller numbers, no soak
  --check           exit with 1 when a target is missed
  --count <n>       how many there are to be, of what a part has many of
  --minutes <n>     how long the soak takes; 30 unless given
  --json <file>     write every figure of every round, conditions and verdicts
  --write           write tables and charts into docs/performance.md
  --from <file>     with --write: from what --json wrote, without running anything`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      quick: { type: "boolean" },
      check: { type: "boolean" },
      count: { type: "string" },
      minutes: { type: "string" },
      json: { type: "string" },
      write: { type: "boolean" },
      from: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const numbers = {};
  for (const name of ["count", "minutes"]) {
    if (values[name] === undefined) continue;
    numbers[name] = Number(values[name]);
    if (!(numbers[name] > 0)) throw new Error(`--${name} must be above 0, got ${values[name]}`);
  }
  const isRunInQuick = (name) => values.quick !== true || parts[name].quick !== undefined;
  const names = values.only ?? Object.keys(parts).filter(isRunInQuick);
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0)
    throw new Error(`no part ${unknown.join(", ")}: there are ${Object.keys(parts).join(", ")}`);
  return { ...values, names, numbers };
}

/** What a part found, with its conditions; a part that failed is no reason to lose the others. */
async function runPart(name, { quick, numbers }) {
  const conditions = readConditions();
  console.log(`\n== ${name}: ${formatConditions(conditions)}`);
  const isQuick = quick === true;
  const about = { name, isQuick, conditions, tables: [], charts: [], figures: {} };
  const missing = parts[name].missing?.();
  if (missing !== undefined) {
    console.log(`left out: ${missing}`);
    return { ...about, isLeftOut: true, missingPeers: [missing], verdicts: [] };
  }
  const startedAtMs = performance.now();
  try {
    const found = await parts[name].run({ ...(isQuick ? parts[name].quick : {}), ...numbers });
    for (const table of found.tables) console.log(formatTable(table));
    const seconds = (performance.now() - startedAtMs) / 1e3;
    console.log(`\n${name} took ${seconds.toFixed(0)} s`);
    return { ...about, seconds, missingPeers: [], ...found };
  } catch (error) {
    console.error(error);
    const verdicts = [{ target: `${name} runs to its end`, met: false, isExact: false }];
    return { ...about, failure: String(error), missingPeers: [], verdicts };
  }
}

async function runAll(options) {
  if (!existsSync(new URL("../dist/index.js", import.meta.url)))
    throw new Error("the package is not built yet: run `npm run build` first");
  if (options.names.some((name) => parts[name].needsPeers)) installPeers();
  const found = [];
  for (const name of options.names) {
    found.push(await runPart(name, options));
    // After each part: what was found by then is kept whatever becomes of the rest.
    if (options.json !== undefined) writeFileSync(options.json, toJson(found));
  }
  return found;
}

function toJson(found) {
  return `${JSON.stringify({ version: 1, parts: found }, undefined, 1)}\n`;
}

function printVerdicts(found) {
  console.log();
  for (const { name, missingPeers } of found)
    for (const peer of missingPeers) console.log(`left out  ${name}: ${peer}`);
  for (const { name, verdicts } of found)
    for (const { target, met } of verdicts)
      console.log(`${met ? "met   " : "MISSED"}  ${name}: ${target}`);
}

async function main() {
  const options = readOptions();
  if (options.help) return void console.log(usage);
  const found =
    options.from === undefined
      ? await runAll(options)
      : JSON.parse(readFileSync(options.from, "utf8")).parts;
  printVerdicts(found);
  if (options.write) await writePage(found);
  const verdicts = found.flatMap((part) => part.verdicts);
  // A figure of entries that were lost or repeated is no figure.
  const isExact = verdicts.every((verdict) => verdict.isExact !== false);
  if (!isExact || (options.check && verdicts.some(({ met }) => !met))) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
// Whatever a part may have left open is nobody's any more.
process.exit();

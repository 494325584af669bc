import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./ensure-built.mjs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { SetupError, root } from "./project.mjs";
import { formatSummary, runPart } from "./test-parts.mjs";

/** In the order in which a mistake is cheapest to learn of. Those in one line wait most of the time: side by side. */
const parts = [
  ["check"],
  ["test:unit"],
  ["test:commands"],
  ["test:faults"],
  ["test:responsiveness"],
  ["test:browser", "test:cluster", "test:package"],
];

/** @type {[name: string, step: () => unknown][]} */
const setup = [
  ["install", ensureInstalled],
  ["system parts", ensureSystemParts],
  ["build", () => ensureBuilt()],
];

function ensureSystemParts() {
  const script = join(root, "scripts", "ensure-system-parts.sh");
  const { status } = spawnSync("bash", [script], { stdio: "inherit" });
  if (status !== 0) throw new SetupError("A program that the tests need is missing: see above.");
}

/** The first step that fails, as a result of its own; undefined when all is ready. */
function runSetup() {
  for (const [name, step] of setup) {
    const startMs = performance.now();
    try {
      step();
    } catch (error) {
      console.error(error instanceof SetupError ? error.message : error);
      const seconds = (performance.now() - startMs) / 1000;
      return { name, isPassed: false, seconds, passed: 0, failed: 1 };
    }
  }
  return undefined;
}

async function runParts() {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const results = [];
  for (const group of parts) {
    const names = group.filter((name) => name in scripts);
    if (names.length > 0) console.log(`\n── ${names.join(", ")}`);
    results.push(...(await Promise.all(names.map((name) => runPart(name)))));
  }
  return results;
}

const broken = runSetup();
const results = broken === undefined ? await runParts() : [broken];
console.log(`\n${formatSummary(results)}`);
process.exitCode = results.every(({ isPassed }) => isPassed) ? 0 : 1;

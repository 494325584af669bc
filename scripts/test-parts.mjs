import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./project.mjs";

/**
 * What became of one part of the tests.
 * @typedef {{ name: string, isPassed: boolean, seconds: number, passed: number, failed: number }} PartResult
 */

/**
 * Runs one npm script; a script that runs tests leaves a report to count them by.
 * @param {string} name
 * @returns {Promise<PartResult>}
 */
export async function runPart(name) {
  const reportPath = join(tmpdir(), `jobwire-${process.pid}-${name.replace(":", "-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const options = name.startsWith("test:") ? ["--", ...reporters] : [];
  const startMs = performance.now();
  try {
    const isPassed = await runScript(name, options);
    const report = existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, "utf8")) : {};
    const seconds = (performance.now() - startMs) / 1000;
    return { name, isPassed, seconds, ...countTests(report, isPassed) };
  } finally {
    rmSync(reportPath, { force: true });
  }
}

/**
 * @param {string} name
 * @param {string[]} options
 * @returns {Promise<boolean>} whether it exited with 0
 */
function runScript(name, options) {
  return new Promise((resolve, reject) => {
    const arguments_ = ["run", "--silent", name, ...options];
    const child = spawn("npm", arguments_, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code === 0));
  });
}

/**
 * A part that fails without a failed test (a type error, a file that does not load) is one failure.
 * @param {{ numPassedTests?: number, numFailedTests?: number }} report of vitest
 * @param {boolean} isPassed
 */
export function countTests(report, isPassed) {
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = report;
  return { passed, failed: isPassed ? failed : Math.max(failed, 1) };
}

/**
 * A line for each part; the last line is `N passed, M failed` and nothing else.
 * @param {PartResult[]} results
 */
export function formatSummary(results) {
  const rows = results.map(({ name, isPassed, seconds, passed, failed }) => {
    const counts = name.startsWith("test:") ? `${passed} passed, ${failed} failed` : "";
    const verdict = isPassed ? "ok    " : "FAILED";
    return `${verdict}  ${name.padEnd(14)}${`${seconds.toFixed(1)} s`.padStart(9)}  ${counts}`.trimEnd();
  });
  const sum = (/** @type {"passed" | "failed"} */ count) =>
    results.reduce((total, result) => total + result[count], 0);
  return [...rows, `${sum("passed")} passed, ${sum("failed")} failed`].join("\n");
}

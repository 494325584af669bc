import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "./project.mjs";

/** Characters of the reason in the summary; the whole of it stands above, where the test ran. */
const failureLengthMax = 300;

/**
 * What became of one part of the tests.
 * @typedef {{ name: string, isPassed: boolean, seconds: number, passed: number, failed: number, failures?: string[] }} PartResult
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
    const failures = describeFailures(report);
    return { name, isPassed, seconds, failures, ...countTests(report, isPassed) };
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
 * A line for each failed test, and for each file that failed as a whole: what, where, and the beginning of why.
 * @param {{ testResults?: { name: string, message?: string, assertionResults?: {
 *   status: string, fullName: string, failureMessages?: string[] }[] }[] }} report of vitest
 */
export function describeFailures({ testResults = [] }) {
  return testResults.flatMap(({ name, message = "", assertionResults = [] }) => {
    const failed = assertionResults.filter(({ status }) => status === "failed");
    const failures = failed.map(({ fullName, failureMessages = [] }) => {
      return `${fullName}: ${firstLine(failureMessages[0])}`;
    });
    if (failures.length === 0 && message !== "") failures.push(firstLine(message));
    return failures.map((failure) => `${relative(root, name)}: ${failure}`);
  });
}

function firstLine(text = "") {
  return text.split("\n", 1).join("").slice(0, failureLengthMax);
}

/**
 * A line for each part, with its failures below it; the last line is `N passed, M failed` and nothing else.
 * @param {PartResult[]} results
 */
export function formatSummary(results) {
  const nameLength = Math.max(14, ...results.map(({ name }) => name.length));
  const rows = results.flatMap(({ name, isPassed, seconds, passed, failed, failures = [] }) => {
    const counts = name.startsWith("test:") ? `${passed} passed, ${failed} failed` : "";
    const verdict = isPassed ? "ok    " : "FAILED";
    const row = `${verdict}  ${name.padEnd(nameLength)}${`${seconds.toFixed(1)} s`.padStart(9)}  ${counts}`;
    return [row.trimEnd(), ...failures.map((failure) => `        ${failure}`)];
  });
  const sum = (/** @type {"passed" | "failed"} */ count) =>
    results.reduce((total, result) => total + result[count], 0);
  return [...rows, `${sum("passed")} passed, ${sum("failed")} failed`].join("\n");
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { root } from "./project.mjs";

// All checks that need no test run, side by side: each alone leaves processors idle.

/** The longest first. */
const checks = [
  "check:lint",
  "check:types",
  "check:portable",
  "check:architecture",
  "check:format",
];

/**
 * Prints what it said once it is done: the outputs of several are not mixed.
 * @param {string} name of an npm script
 * @returns {Promise<boolean>} whether it exited with 0
 */
async function runCheck(name) {
  const child = spawn("npm", ["run", "--silent", name], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const outputs = [text(child.stdout), text(child.stderr)];
  const [code] = await once(child, "exit");
  const output = (await Promise.all(outputs)).join("").trim();
  console.log(`${code === 0 ? "✔" : "✘"} ${name}${output === "" ? "" : `\n${output}`}`);
  return code === 0;
}

const results = await Promise.all(checks.map(runCheck));
process.exitCode = results.every(Boolean) ? 0 : 1;

// What of a server matters to the lock: takes and releases it as each line of the input says, answers by a line.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";

const [modulePath = ""] = process.argv.slice(2);
/** @type {typeof import("../../src/stores/segment-log/directory-lock.ts")} */
const { acquireDirectoryLock } = await import(modulePath);
/** @type {import("../../src/stores/segment-log/directory-lock.ts").DirectoryLock | undefined} */
let lock;

/**
 * @param {string} command
 * @param {string} directory
 */
async function run(command, directory) {
  switch (command) {
    case "acquire":
      lock = await acquireDirectoryLock(directory);
      return {};
    case "release":
      await lock?.release();
      return {};
    case "forget":
      lock = undefined;
      // Twice, with a turn between: what the first pass finalizes may free more.
      /** @type {() => void} */ (globalThis.gc)();
      await setImmediate();
      /** @type {() => void} */ (globalThis.gc)();
      return {};
    case "spawn": {
      const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 60_000)"], {
        stdio: "ignore",
        detached: true,
      });
      return { pid: child.pid };
    }
    default:
      throw new TypeError(`no such command: ${command}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command = "", directory = ""] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ ok: true, ...(await run(command, directory)) }));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { name, message } = error;
    console.log(JSON.stringify({ ok: false, name, message, .../** @type {object} */ (error) }));
  }
}

// From the command `jobwire serve` until the server says that it is ready, beside a program of node that does nothing:
// in a directory that does not exist yet, in the one that the server before has left, and with many running processes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runMeasured } from "./measured-program.mjs";
import { formatMilliseconds, formatSpread, mapValues, median } from "./report.mjs";
import { withDirectory } from "./stored-batch.mjs";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** A server that is ready. */
export async function startServeCommand(directory, args = []) {
  const options = ["serve", "--json", "--port", "0", ...args];
  const server = spawn(process.execPath, [command, ...options], {
    env: { ...process.env, JOBWIRE_DATA_DIRECTORY: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  server.stderr.on("data", (chunk) => (said += String(chunk)));
  const ended = once(server, "exit").then(([code]) => {
    throw new Error(`the server ended with ${code}: ${said}`);
  });
  ended.catch(() => undefined);
  let line = "";
  while (!line.includes("\n")) {
    const [chunk] = await Promise.race([once(server.stdout, "data"), ended]);
    line += String(chunk);
  }
  server.stdout.resume();
  return {
    url: JSON.parse(line).url,
    pid: server.pid,
    async stop() {
      const exited = once(server, "exit");
      server.kill();
      await exited;
    },
  };
}

async function timeServe(directory) {
  const startMs = performance.now();
  const server = await startServeCommand(directory);
  const readyMs = performance.now() - startMs;
  await server.stop();
  return readyMs;
}

async function timeBareNode() {
  const startMs = performance.now();
  await once(spawn(process.execPath, ["--eval", ""]), "exit");
  return performance.now() - startMs;
}

export async function benchServerStart({ rounds = 10, count = 10_000 } = {}) {
  return await withDirectory(async (path) => {
    const full = join(path, "full");
    await (await startServeCommand(full)).stop();
    await runMeasured("cold-channels.mjs", [join(full, "store"), "filled", String(count)]);
    const fresh = join(path, "fresh");
    const measures = {
      "node, a program that does nothing": timeBareNode,
      "jobwire serve, for the first time": async () => {
        await rm(fresh, { recursive: true, force: true });
        return await timeServe(fresh);
      },
      "jobwire serve, again": () => timeServe(fresh),
      [`jobwire serve, with ${count.toLocaleString("en")} running processes`]: () =>
        timeServe(full),
    };
    const times = mapValues(measures, () => []);
    for (let round = 0; round <= rounds; round++)
      for (const [name, measure] of Object.entries(measures)) {
        const ms = await measure();
        // The first round brings the files into the page cache.
        if (round > 0) times[name].push(ms);
      }
    return report(times, rounds);
  });
}

function report(times, rounds) {
  const title = `The server program until it is ready; ${rounds} rounds, median (quartiles)`;
  const rows = Object.entries(times).map(([name, values]) => [
    name,
    formatSpread(values, formatMilliseconds),
  ]);
  const bars = Object.entries(times).map(([name, values]) => ({ name, values: [median(values)] }));
  const chart = { name: "serve", title: "Until the program is ready, ms", kind: "bars", bars };
  return {
    tables: [{ title, header: ["", "until ready"], rows }],
    charts: [chart],
    figures: { ms: times },
    verdicts: [],
  };
}

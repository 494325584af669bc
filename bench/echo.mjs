// Time from a keystroke until a person sees it: of `jobwire attach` at a program that `jobwire run --tty` runs through
// a server with its durable store, and of the same program in a bare pseudo-terminal. Each is a program of its own,
// in a pseudo-terminal that stands for the person's window, on loopback.
import pty from "@lydell/node-pty";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { quantile } from "./report.mjs";
import { withDirectory } from "./stored-batch.mjs";

const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const size = { cols: 80, rows: 24 };
const warmUpCount = 50;
/** Between one keystroke that was seen and the next: as fast as anybody types. */
const pauseMs = 30;
// What a line holds, so that every keystroke shows at once and none of them scrolls.
const lineLength = 60;

/** A window: what is printed in it, and who waits for that. */
class Window {
  #text = "";
  #onText = () => undefined;

  constructor(file, args, env) {
    this.pty = pty.spawn(file, args, { ...size, env });
    this.exited = new Promise((resolve) => this.pty.onExit(resolve));
    this.pty.onData((text) => {
      this.#text += text;
      this.#onText();
    });
  }

  forget() {
    this.#text = "";
  }

  async waitFor(text) {
    while (!this.#text.includes(text)) {
      await new Promise((resolve) => (this.#onText = resolve));
    }
    return performance.now();
  }
}

/** Milliseconds for each keystroke. */
async function measureEcho(window, count) {
  const times = [];
  for (let typed = -warmUpCount; typed < count; typed++) {
    const isLineFull = (typed + warmUpCount) % lineLength === lineLength - 1;
    const key = isLineFull ? "\r" : String.fromCharCode(97 + Math.abs(typed % 26));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    window.forget();
    const start = performance.now();
    window.pty.write(key);
    // An empty line of `cat`, or of what paints it, is no keystroke to measure.
    if (isLineFull) {
      window.pty.write("#");
      await window.waitFor("#");
      continue;
    }
    const seen = await window.waitFor(key);
    if (typed >= 0) times.push(seen - start);
  }
  return times;
}

async function measureBare(count) {
  const window = new Window("cat", [], process.env);
  const times = await measureEcho(window, count);
  window.pty.write("\r\u0004");
  await window.exited;
  return times;
}

async function startServer(environment) {
  const server = spawn(process.execPath, [command, "serve", "--json", "--port", "0"], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let line = "";
  while (!line.includes("\n")) line += String((await once(server.stdout, "data"))[0]);
  return { server, url: JSON.parse(line).url };
}

async function measureAttached(count) {
  return await withDirectory(async (directory) => {
    const environment = { ...process.env, JOBWIRE_DATA_DIRECTORY: join(directory, "data") };
    const { server, url } = await startServer(environment);
    const env = { ...environment, JOBWIRE_URL: url };
    const job = spawn(
      process.execPath,
      [command, "run", "--tty", "--no-stdin", "--name", "echo", "--", "cat"],
      { env, stdio: ["ignore", "ignore", "pipe"] },
    );
    await once(job.stderr, "data");
    const window = new Window(process.execPath, [command, "attach", "echo"], env);
    // The alternate screen: from here on it is the program's.
    await window.waitFor("\u001b[?1049h");
    const times = await measureEcho(window, count);
    window.pty.write("\r\u0004");
    await window.exited;
    if (job.exitCode === null) await once(job, "exit");
    server.kill();
    await once(server, "exit");
    return times;
  });
}

/** Rounds in turn, so that what disturbs one side disturbs the other. */
export async function benchEcho({ count = 200, rounds = 3 } = {}) {
  const bare = [];
  const attached = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(...(await measureBare(count)));
    attached.push(...(await measureAttached(count)));
  }
  const row = (name, times) => [
    name,
    ...[0.5, 0.9, 0.99].map((share) => `${quantile(times, share).toFixed(2)} ms`),
  ];
  const table = {
    title: `A keystroke until it is seen, ${bare.length} of each, echoed by \`cat\``,
    header: ["in", "p50", "p90", "p99"],
    rows: [row("bare pseudo-terminal", bare), row("jobwire attach, through run --tty", attached)],
  };
  const limitMs = 2 * quantile(bare, 0.5) + 2;
  const middleMs = quantile(attached, 0.5);
  const target = `keystroke echo p50 ${middleMs.toFixed(2)} ms of at most ${limitMs.toFixed(2)} ms (2 × a bare pseudo-terminal + 2 ms)`;
  const figures = { bareMs: bare, attachedMs: attached };
  return { tables: [table], figures, verdicts: [{ target, met: middleMs <= limitMs }] };
}

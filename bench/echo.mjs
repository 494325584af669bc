// Time from a keystroke until a person sees it: of `jobwire attach` at a program that `jobwire run --tty` runs through
// a server with its durable store, and of the same program in a bare pseudo-terminal. Each is a program of its own,
// in a pseudo-terminal that stands for the person's window, on loopback.
import pty from "@lydell/node-pty";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { formatMilliseconds, median, quantile } from "./report.mjs";
import { withDirectory } from "./stored-batch.mjs";
import { sharedMs } from "./wire/message.mjs";

const traceUrl = new URL("echo-trace.mjs", import.meta.url).href;
const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const size = { cols: 80, rows: 24 };
const warmUpCount = 50;
/** Between one keystroke that was seen and the next: as fast as anybody types. */
const pauseMs = 30;
// What a line holds, so that every keystroke shows at once and none of them scrolls.
const lineLength = 60;

/** What a keystroke goes through, and with what each part of it ends, as `echo-trace.mjs` notes it. */
const steps = [
  ["attach has the key", "attach reads terminal"],
  ["… has sent it", "attach writes socket"],
  ["server has it", "serve reads socket"],
  ["… begins to write it to its log", "serve calls writev"],
  ["… has it on disk", "serve ends fdatasync"],
  ["… has sent it on", "serve writes socket"],
  ["run has it", "run reads socket"],
  ["… has given it to the program's terminal", "run writes terminal"],
  ["… has the echo", "run reads terminal"],
  ["… has sent it", "run writes socket"],
  ["server has it", "serve reads socket"],
  ["… begins to write it to its log", "serve calls writev"],
  ["… has it on disk", "serve ends fdatasync"],
  ["… has sent it on", "serve writes socket"],
  ["attach has it", "attach reads socket"],
  ["… has painted it, and begins to write", "attach calls write"],
];

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
    return sharedMs();
  }
}

/** Of each keystroke, when it was pressed and when it was seen, in milliseconds. */
async function measureEcho(window, count) {
  const keystrokes = [];
  for (let typed = -warmUpCount; typed < count; typed++) {
    const isLineFull = (typed + warmUpCount) % lineLength === lineLength - 1;
    const key = isLineFull ? "\r" : String.fromCharCode(97 + Math.abs(typed % 26));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    window.forget();
    const pressedMs = sharedMs();
    window.pty.write(key);
    // An empty line of `cat`, or of what paints it, is no keystroke to measure.
    if (isLineFull) {
      window.pty.write("#");
      await window.waitFor("#");
      continue;
    }
    const seenMs = await window.waitFor(key);
    if (typed >= 0) keystrokes.push({ pressedMs, seenMs });
  }
  return keystrokes;
}

async function measureBare(count) {
  const window = new Window("cat", [], process.env);
  const keystrokes = await measureEcho(window, count);
  window.pty.write("\r\u0004");
  await window.exited;
  return keystrokes;
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

/** With `traced`, also what the programs noted meanwhile, in order: it takes some time of its own. */
async function measureAttached(count, { traced = false } = {}) {
  return await withDirectory(async (directory) => {
    const environment = {
      ...process.env,
      JOBWIRE_DATA_DIRECTORY: join(directory, "data"),
      ...(traced && { NODE_OPTIONS: `--import ${traceUrl}`, JOBWIRE_ECHO_TRACE: directory }),
    };
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
    const keystrokes = await measureEcho(window, count);
    window.pty.write("\r\u0004");
    await window.exited;
    if (job.exitCode === null) await once(job, "exit");
    server.kill();
    await once(server, "exit");
    const notes = traced ? await readNotes(directory) : [];
    return { keystrokes, notes };
  });
}

async function readNotes(directory) {
  const read = async (program) => JSON.parse(await readFile(join(directory, `${program}.json`)));
  const notes = (await Promise.all(["serve", "run", "attach"].map(read))).flat();
  return notes.sort(([a], [b]) => a - b);
}

/** Milliseconds of each step of a keystroke, the last until it is seen; undefined where one is not to be found. */
function stepsOf({ pressedMs, seenMs }, notes) {
  const times = [pressedMs];
  let at = notes.findIndex(([ms]) => ms >= pressedMs);
  for (const [, wanted] of steps) {
    while (at < notes.length && notes[at][1] !== wanted) at++;
    if (at >= notes.length || notes[at][0] > seenMs) return undefined;
    times.push(notes[at++][0]);
  }
  times.push(seenMs);
  return times.slice(1).map((ms, index) => ms - times[index]);
}

async function measureSteps(count) {
  const { keystrokes, notes } = await measureAttached(count, { traced: true });
  const found = keystrokes.map((keystroke) => stepsOf(keystroke, notes)).filter(Boolean);
  const names = [...steps.map(([name]) => name), "… until it is seen"];
  const rows = names.map((name, index) => [
    name,
    formatMilliseconds(median(found.map((durations) => durations[index]))),
  ]);
  const total = median(found.map((durations) => durations.reduce((sum, ms) => sum + ms, 0)));
  return {
    title: `What ${found.length} of ${keystrokes.length} further keystrokes took, step by step, while each step was noted: median`,
    header: ["", "after the one before"],
    rows: [...rows, ["in all", formatMilliseconds(total)]],
  };
}

/** Rounds in turn, so that what disturbs one side disturbs the other. */
export async function benchEcho({ count = 200, rounds = 3 } = {}) {
  const bare = [];
  const attached = [];
  const timesOf = (keystrokes) => keystrokes.map(({ pressedMs, seenMs }) => seenMs - pressedMs);
  for (let round = 0; round < rounds; round++) {
    bare.push(...timesOf(await measureBare(count)));
    attached.push(...timesOf((await measureAttached(count)).keystrokes));
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
  const tables = [table, await measureSteps(count)];
  return { tables, figures, verdicts: [{ target, met: middleMs <= limitMs }] };
}

// Records the sessions in test/terminal/fixtures again: node test/terminal/record-sessions.mjs [name …]
//
// Needs Linux with user namespaces, bash, curl, htop, less, procps, tmux and vim. The programs run as nobody, in a
// folder with made-up files and with no other process in sight, so that a recording tells nothing of the machine.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { spawn } from "@lydell/node-pty";
import headless from "@xterm/headless";
import { files, recordedPrograms } from "./recorded-programs.mjs";

/** A program that has written nothing for so long waits for keys, or for its clock. */
const silenceMs = 250;
const dayOfFiles = new Date("2025-01-01");
const downloadParts = 40;
const outputBytesMax = 40 * 1024;

/** @typedef {[seconds: number, code: "o" | "r", data: string]} Event */

/**
 * @param {import("./recorded-programs.mjs").RecordedProgram} program
 * @returns {Promise<string>} in the form asciicast v2
 */
async function record({ size = [80, 24], command, steps }) {
  const [cols, rows] = size;
  const directory = createDirectory();
  const namespaces = ["--user", "--map-user=65534", "--map-group=65534", "--pid", "--mount-proc"];
  const shell = ["--fork", ...namespaces, "--", "bash", "-c", command];
  const pseudoTerminal = spawn("unshare", shell, {
    cols,
    rows,
    cwd: directory,
    env: environment(directory),
  });
  // Programs ask their terminal, and wait for what it answers.
  const screen = new headless.Terminal({ cols, rows, allowProposedApi: true, logLevel: "off" });
  screen.onData((reply) => pseudoTerminal.write(reply));
  /** @type {Event[]} */
  const events = [];
  const startMs = performance.now();
  const add = (/** @type {"o" | "r"} */ code, /** @type {string} */ data) => {
    events.push([Math.round(performance.now() - startMs) / 1000, code, data]);
  };
  let onOutput = () => {};
  pseudoTerminal.onData((text) => {
    add("o", text);
    screen.write(text);
    onOutput();
  });
  const silence = () =>
    new Promise((resolve) => {
      let timer = setTimeout(resolve, silenceMs);
      onOutput = () => {
        clearTimeout(timer);
        timer = setTimeout(resolve, silenceMs);
      };
    });
  let isOver = false;
  const exited = new Promise((resolve) => pseudoTerminal.onExit(resolve));
  void exited.then(() => (isOver = true));
  try {
    for (const step of steps) {
      await silence();
      if (isOver) throw new Error(`It ended too early: ${JSON.stringify(events)}`);
      if (typeof step === "string") pseudoTerminal.write(step);
      else {
        const [columns, lines] = step;
        add("r", `${columns}x${lines}`);
        screen.resize(columns, lines);
        pseudoTerminal.resize(columns, lines);
      }
    }
    await exited;
  } finally {
    rmSync(directory, { recursive: true });
  }
  const header = { version: 2, width: cols, height: rows, env: { TERM: "xterm-256color" } };
  return [header, ...events].map((line) => `${JSON.stringify(line)}\n`).join("");
}

function createDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "recorded-"));
  chmodSync(directory, 0o755);
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name.replace("*", ""));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    if (name.endsWith("*")) chmodSync(path, 0o755);
    for (const each of [path, dirname(path)]) utimesSync(each, dayOfFiles, dayOfFiles);
  }
  return directory;
}

/** @param {string} directory */
function environment(directory) {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: directory,
    // That of nobody refuses.
    SHELL: "/bin/bash",
    TMUX_TMPDIR: directory,
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    TZ: "UTC",
    URL: url,
  };
}

/** @param {string} recording */
function requireNothingPrivate(recording) {
  for (const word of [hostname(), tmpdir(), process.env.USER, process.env.HOME])
    if (word !== undefined && word !== "" && new RegExp(`(?<!\\w)${word}(?!\\w)`).test(recording))
      throw new Error(`It has "${word}" in it, which is a name of this machine.`);
  if (recording.length > outputBytesMax) throw new Error(`It has ${recording.length} bytes.`);
}

const part = Buffer.alloc(4096);
const server = createServer((_, answer) => {
  answer.setHeader("content-length", downloadParts * part.byteLength);
  let parts = 0;
  const timer = setInterval(() => {
    answer.write(part);
    if (++parts < downloadParts) return;
    clearInterval(timer);
    answer.end();
  }, 70);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const url = `http://127.0.0.1:${port}`;

const names = process.argv.slice(2);
for (const program of recordedPrograms) {
  if (names.length > 0 && !names.includes(program.name)) continue;
  const recording = await record(program);
  requireNothingPrivate(recording);
  writeFileSync(join(import.meta.dirname, "fixtures", `${program.name}.cast`), recording);
  console.log(
    `${program.name}: ${recording.length} bytes, ${recording.split("\n").length - 2} events`,
  );
}
server.close();

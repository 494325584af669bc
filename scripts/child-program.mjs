import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { SetupError, commandPath, root } from "./project.mjs";

/** A running `jobwire` command, stopped by its own handle. */
export class ChildProgram {
  #child;
  /** Resolves with the exit code; 128 + 9 stands for any signal. @type {Promise<number>} */
  exited;

  /**
   * @param {string[]} options
   * @param {{ environment?: Record<string, string>, readsOutput?: boolean }} [settings]
   */
  constructor(options, { environment = {}, readsOutput = false } = {}) {
    this.#child = spawn(process.execPath, [commandPath, ...options], {
      cwd: root,
      env: { ...process.env, ...environment },
      // A group of its own: Ctrl-C comes to the starter alone, which passes it on in order and once.
      detached: true,
      // An input that stays open and silent: its end would be passed on to the job.
      stdio: ["pipe", readsOutput ? "pipe" : "inherit", "inherit"],
    });
    this.exited = once(this.#child, "exit").then(([code]) => Number(code ?? 128 + 9));
  }

  get isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * The first line that it prints; the rest of its output is let go.
   * @param {string} name of the program, for the error
   */
  async readFirstLine(name) {
    const output = this.#child.stdout;
    if (output === null) throw new TypeError("the output is not read here");
    for await (const line of createInterface({ input: output })) {
      output.resume();
      return line;
    }
    throw new SetupError(`${name} ended with code ${await this.exited} before it was ready.`);
  }

  /**
   * Asks it to end, and kills it when it has not after `graceMs`.
   * @param {number} graceMs
   * @returns {Promise<boolean>} whether it ended by itself
   */
  async stop(graceMs) {
    if (!this.isRunning) return true;
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.exited;
    clearTimeout(timer);
    return this.#child.signalCode !== "SIGKILL";
  }

  kill() {
    if (this.isRunning) this.#child.kill("SIGKILL");
  }
}

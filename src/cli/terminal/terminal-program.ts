import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { ReadStream } from "node:tty";
import { createDeferred } from "../../core/deferred.ts";
import type { Clock } from "../../core/system.ts";
import type { TerminalSize } from "../../protocol/terminal-entries.ts";
import type { Environment } from "../configuration.ts";
import { requireExecutable } from "../run/executable.ts";
import {
  endOfProgram,
  killGroup,
  ProgramStartError,
  type ProgramEnd,
  type RunningProgram,
} from "../run/program.ts";
import { MasterReader } from "./master-reader.ts";
import type { PseudoTerminals } from "./pseudo-terminal.ts";
import { foregroundGroup, ignoresSignal, sessionGroups } from "./session-groups.ts";

// What a program left in the background may write for as long, as in a window that closes with its shell.
const lingerMs = 200;
// Nobody who ends by SIGTERM needs as long to begin with it.
const hangUpDelayMs = 250;

export interface TerminalProgramOptions {
  readonly terminals: PseudoTerminals;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly size: TerminalSize;
  readonly clock: Clock;
}

/** A running program in a terminal: the leader of a session of its own. */
export class TerminalProgram implements RunningProgram {
  readonly stdin: Writable;
  readonly output: Readable;
  readonly ended: Promise<ProgramEnd>;
  readonly #reader: MasterReader;
  readonly #socket: ReadStream;
  readonly #terminals: PseudoTerminals;
  readonly #clock: Clock;
  readonly #pid: number;
  readonly #fd: number;
  #hasEnded = false;

  /** Throws `ProgramStartError`. */
  static start(options: TerminalProgramOptions): TerminalProgram {
    try {
      requireExecutable(options.command, options.environment);
      return new TerminalProgram(options);
    } catch (error) {
      throw new ProgramStartError(options.command, error);
    }
  }

  private constructor({ terminals, clock, environment, ...options }: TerminalProgramOptions) {
    const ended = createDeferred<ProgramEnd>();
    const { fd, pid } = terminals.fork({
      ...options,
      environment: terminalEnvironment(environment),
      onExit: (exitCode, signal) => {
        this.#hasEnded = true;
        clock.after(lingerMs, () => this.abandonOutput());
        ended.resolve(endOfProgram(exitCode, signalName(signal)));
      },
    });
    this.#terminals = terminals;
    this.#clock = clock;
    this.#fd = fd;
    this.#pid = pid;
    this.#socket = new ReadStream(fd);
    this.#reader = new MasterReader(this.#socket, fd);
    this.stdin = this.#socket;
    this.output = this.#reader;
    this.ended = ended.promise;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  resize(size: TerminalSize): void {
    if (!this.#socket.destroyed) this.#terminals.resize(this.#fd, size);
  }

  /** As a key of the terminal would: to who has the foreground, such as the job of a shell. */
  signalForeground(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) killGroup(foregroundGroup(this.#pid) ?? this.#pid, signal);
  }

  /** To the program and who has the foreground; SIGKILL to its whole session. */
  signalGroup(signal: NodeJS.Signals): void {
    const pid = this.#pid;
    const others = signal === "SIGKILL" ? sessionGroups(pid) : [foregroundGroup(pid) ?? pid];
    for (const group of new Set([pid, ...others])) killGroup(group, signal);
    if (signal === "SIGTERM") this.#clock.after(hangUpDelayMs, () => this.#hangUp());
  }

  /** Shells at a terminal ignore SIGTERM, and end when the terminal goes away. */
  #hangUp(): void {
    const { SIGTERM } = constants.signals;
    if (!this.#hasEnded && ignoresSignal(this.#pid, SIGTERM)) this.signalGroup("SIGHUP");
  }

  abandonOutput(): void {
    this.#reader.close();
  }
}

function terminalEnvironment({ COLUMNS: _, LINES: __, ...environment }: Environment): Environment {
  // What the screen understands. A size in variables would be wrong after the first change.
  return { ...environment, TERM: "xterm-256color" };
}

function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Outcome } from "../../core/process-record.ts";
import type { Environment } from "../configuration.ts";
import { hasCode } from "../data-directory.ts";
import { ExitCode, exitCodeOfSignal } from "../exit-code.ts";

/** How a program ended: a code, or the signal that ended it. */
export interface ProgramEnd {
  readonly exitCode: ExitCode;
  readonly signal?: string;
}

/** A program on its way, whatever it reads from and writes to. */
export interface RunningProgram {
  readonly stdin: Writable;
  readonly ended: Promise<ProgramEnd>;
  readonly hasEnded: boolean;
  /** To everything that it started, also to what it left behind when it ended. */
  signalGroup(signal: NodeJS.Signals): void;
  /** Stops listening to whoever still holds its output. */
  abandonOutput(): void;
}

/** Why a program could not be started, with the exit code that shells give. */
export class ProgramStartError extends Error {
  readonly exitCode: ExitCode;

  constructor(command: string, cause: unknown) {
    const isMissing = hasCode(cause, "ENOENT");
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(isMissing ? `program not found: ${command}` : `cannot run ${command}: ${reason}`, {
      cause,
    });
    this.name = "ProgramStartError";
    this.exitCode = isMissing ? ExitCode.programNotFound : ExitCode.notExecutable;
  }
}

/** A running program and everything that it starts: a process group of its own. */
export class Program implements RunningProgram {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<ProgramEnd>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #hasEnded = false;

  /** Throws `ProgramStartError`. */
  static async start(
    command: string,
    args: readonly string[],
    environment: Environment,
  ): Promise<Program> {
    try {
      const child = spawn(command, args, {
        stdio: ["pipe", "pipe", "pipe"],
        // A group of its own: signals reach what the program starts, and the terminal's Ctrl-C only us.
        detached: true,
        env: environment,
      });
      const program = new Program(child);
      await once(child, "spawn");
      // From here on only signals can fail, and those report themselves.
      child.on("error", () => undefined);
      return program;
    } catch (error) {
      throw new ProgramStartError(command, error);
    }
  }

  private constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#child = child;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#hasEnded = true;
        resolve(endOfProgram(code ?? 0, signal ?? undefined));
      });
    });
    // Programs need not read their input; that it breaks is no news.
    child.stdin.on("error", () => undefined);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid !== undefined) killGroup(pid, signal);
  }

  abandonOutput(): void {
    this.stdout.destroy();
    this.stderr.destroy();
  }
}

export function killGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // Nobody is left.
    if (!hasCode(error, "ESRCH")) throw error;
  }
}

export function endOfProgram(exitCode: number, signal: string | undefined): ProgramEnd {
  return signal === undefined ? { exitCode } : { exitCode: exitCodeOfSignal(signal), signal };
}

/** What the process is closed with. */
export function outcomeOfEnd({ exitCode, signal }: ProgramEnd, isCancelled: boolean): Outcome {
  const details = signal === undefined ? { exitCode } : { signal };
  if (isCancelled) return { status: "cancelled", ...details };
  if (signal !== undefined)
    return { status: "failed", error: `ended by signal ${signal}`, ...details };
  if (exitCode !== 0) return { status: "failed", error: `exit code ${exitCode}`, ...details };
  return { status: "success", ...details };
}

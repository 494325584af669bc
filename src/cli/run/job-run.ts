import { isChannelError } from "../../core/errors.ts";
import type { ChannelSpec, Outcome } from "../../core/process-record.ts";
import { randomId } from "../../core/system.ts";
import { UnreachableError, type Api } from "../api.ts";
import { explainFailure } from "../connection.ts";
import type { ExitCode } from "../exit-code.ts";
import { closeProcess, createProcess, requestCancel } from "../process-api.ts";
import { say, type Terminal } from "../terminal.ts";
import { escapeText, fitText } from "../terminal-text.ts";
import { ChannelWriter } from "./channel-writer.ts";
import { keepRole, leaseMs } from "./executor-watch.ts";
import { OutputCopy } from "./local-copy.ts";
import { Producer } from "./producer.ts";
import { outcomeOfEnd, Program, ProgramStartError, type ProgramEnd } from "./program.ts";
import { copyLocalInput, feedProgram, InputWindow } from "./stdin.ts";
import { Termination } from "./termination.ts";

const processIdLength = 20;
// A terminal and a parent such as npm may both pass on one Ctrl-C.
const repeatMsMin = 200;
const outputBytesMax = 256 * 1024 * 1024;

// Output that nobody else can forge, and that never stops the program for being too much.
const channels: readonly ChannelSpec[] = [
  { name: "stdout", maxLogBytes: outputBytesMax, whenFull: "trim", writers: "executor" },
  { name: "stderr", maxLogBytes: outputBytesMax, whenFull: "trim", writers: "executor" },
  { name: "stdin", maxLogBytes: outputBytesMax, whenFull: "trim", writers: "submitter" },
  { name: "control" },
];

export interface JobRunOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly label: string;
  readonly isQuiet: boolean;
  /** Local input that is not a terminal is copied into the program. */
  readonly copiesInput: boolean;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
}

/** One program as a process on the server: from its creation to its outcome. */
export class JobRun {
  readonly #api: Api;
  readonly #terminal: Terminal;
  readonly #options: JobRunOptions;
  readonly #processId = randomId(processIdLength);
  /** Ends what serves the running program: input, lease, watch. */
  readonly #programOver = new AbortController();
  /** Ends the delivery of what it printed. */
  readonly #givenUp = new AbortController();
  #executor: Api;
  #term = 0;
  #program: Program | undefined;
  #termination: Termination | undefined;
  #isCancelled = false;
  #interruptedAtMs = -Infinity;
  /** Whether anything can still be told to the server. */
  #isConnected = true;

  constructor(api: Api, terminal: Terminal, options: JobRunOptions) {
    this.#api = api;
    this.#executor = api;
    this.#terminal = terminal;
    this.#options = options;
  }

  /** The program's exit code. Throws what prevents the process from being created. */
  async run(): Promise<ExitCode> {
    const { label, command, args, isQuiet } = this.#options;
    await this.#begin();
    if (!isQuiet) {
      const name = label === "" ? "" : ` (${fitText(label, 60)})`;
      this.#say(
        `process ${this.#processId}${name} · follow it with: jobwire tail ${this.#processId}`,
      );
    }
    try {
      this.#program = await Program.start(command, args, await this.#environment());
    } catch (error) {
      if (!(error instanceof ProgramStartError)) throw error;
      this.#say(escapeText(error.message));
      await this.#close({
        status: "failed",
        error: error.message.slice(0, 1000),
        exitCode: error.exitCode,
      });
      return error.exitCode;
    }
    const end = await this.#serve(this.#program);
    await this.#close(outcomeOfEnd(end, this.#isCancelled));
    return end.exitCode;
  }

  /** Ctrl-C and its like: the first asks to cancel, the second kills; after the program's end, it gives up delivery. */
  interrupt(): void {
    if (this.#program === undefined) return;
    if (this.#programOver.signal.aborted) {
      this.#givenUp.abort(new Error("interrupted"));
      return;
    }
    const nowMs = this.#api.system.clock.monotonicMs();
    if (this.#termination?.isRequested === true) {
      if (nowMs - this.#interruptedAtMs >= repeatMsMin) this.#termination.kill();
      return;
    }
    this.#interruptedAtMs = nowMs;
    this.#cancel("interrupted");
    // For the record and its readers; the program does not wait for it.
    requestCancel(this.#api, this.#processId).catch(() => undefined);
  }

  get hasProgram(): boolean {
    return this.#program !== undefined;
  }

  async #begin(): Promise<void> {
    const credentials = this.#api.credentials.asProgram(this.#processId);
    const { label } = this.#options;
    const spec = {
      id: this.#processId,
      label,
      channels,
      executorId: credentials.identity,
      leaseMs,
    };
    // An id of our own makes this harmless to repeat, but a server that is not there is told at once.
    const { term } = await this.#api.retry(() => createProcess(this.#api, spec), {
      isWorthWaiting: (error) => !(error instanceof UnreachableError),
    });
    this.#term = term;
    this.#executor = this.#api.as(credentials);
  }

  async #environment(): Promise<Record<string, string | undefined>> {
    const token = await this.#api.credentials.programToken(this.#processId);
    return {
      PYTHONUNBUFFERED: "1",
      ...this.#terminal.environment,
      JOBWIRE_URL: this.#api.url,
      JOBWIRE_PROCESS: this.#processId,
      ...(token === undefined ? {} : { JOBWIRE_TOKEN: token }),
    };
  }

  /** Everything that goes on while the program runs, and until what it printed is delivered. */
  async #serve(program: Program): Promise<ProgramEnd> {
    const termination = new Termination(program, this.#api.system, this.#options.graceMs);
    this.#termination = termination;
    const outputs = [this.#copyOutput("stdout", program), this.#copyOutput("stderr", program)];
    const stopInput = this.#startInput(program);
    const role = { processId: this.#processId, term: this.#term, signal: this.#programOver.signal };
    const keeping = keepRole(this.#executor, role, {
      onCancelRequested: (by) => this.#cancel(`cancelled by ${by}`),
      onTakenAway: (reason) => {
        this.#disconnect(`${reason}: stopping the program`);
        termination.request();
      },
      onForgotten: (reason) =>
        this.#disconnect(`${escapeText(reason)}; the program goes on, only here`),
    });
    const end = await program.ended;
    stopInput();
    await Promise.all(outputs.map(({ copied }) => copied));
    termination.dispose();
    this.#programOver.abort(new Error("the program has ended"));
    await Promise.all([keeping, ...outputs.map(({ writer }) => this.#deliver(writer))]);
    return end;
  }

  #copyOutput(
    channel: "stdout" | "stderr",
    program: Program,
  ): { writer: ChannelWriter; copied: Promise<void> } {
    const producer = new Producer(this.#executor, {
      processId: this.#processId,
      channel,
      term: this.#term,
      signal: this.#givenUp.signal,
      onDataLost: () => this.#say(`the server lost entries of ${channel} that it had acknowledged`),
    });
    const copy = new OutputCopy(program[channel], this.#terminal[channel]);
    const writer = new ChannelWriter(producer, this.#api.system, { onRoom: copy.onRoom });
    writer.finished.catch((error: unknown) => this.#reportRefusal(channel, error));
    return { writer, copied: copy.start(writer) };
  }

  #startInput(program: Program): () => void {
    const options = {
      processId: this.#processId,
      signal: this.#programOver.signal,
      window: new InputWindow(),
      say: (text: string) => this.#say(text),
    };
    feedProgram(program.stdin, { ...options, api: this.#executor }).catch((error: unknown) => {
      if (this.#programOver.signal.aborted) return;
      this.#reportRefusal("stdin", error);
      // Nothing can come any more: a program that waits for its input would wait for ever.
      program.stdin.end();
    });
    const { stdin } = this.#terminal;
    if (!this.#options.copiesInput || stdin.isTTY === true) return () => undefined;
    return copyLocalInput(stdin, { ...options, api: this.#api });
  }

  async #deliver(writer: ChannelWriter): Promise<void> {
    const patience = this.#api.system.clock.after(2_000, () => {
      this.#say(
        "the program has ended; waiting for the server to take the rest of its output, Ctrl-C gives up",
      );
    });
    // A refusal was told when it came, and does not change how the program ended.
    await writer.finished.catch(() => undefined);
    patience.cancel();
  }

  async #close(outcome: Outcome): Promise<void> {
    if (!this.#isConnected || this.#givenUp.signal.aborted) return;
    const { signal } = this.#givenUp;
    try {
      await this.#executor.retry(
        () => closeProcess(this.#executor, this.#processId, outcome, this.#term, signal),
        { signal },
      );
    } catch (error) {
      // Somebody was quicker: that outcome stands.
      if (!isChannelError(error, "process_closed"))
        this.#say(`the outcome was not delivered: ${explainFailure(error).message}`);
    }
  }

  #cancel(reason: string): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    if (!this.#options.isQuiet) this.#say(`${escapeText(reason)}: stopping the program`);
    this.#termination?.request();
  }

  #reportRefusal(channel: string, error: unknown): void {
    if (this.#givenUp.signal.aborted) this.#say(`gave up: not all of ${channel} was delivered`);
    // What has become of the process is told by who keeps the role.
    else if (
      !isChannelError(error, "process_closed") &&
      !isChannelError(error, "executor_fenced")
    ) {
      const [reason] = explainFailure(error).message.split("\n");
      this.#disconnect(`${channel} was cut off: ${reason}; the program goes on, only here`);
    }
  }

  /** Told once: whatever fails afterwards has the same reason. */
  #disconnect(reason: string): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#say(reason);
  }

  #say(text: string): void {
    say(this.#terminal, text);
  }
}

import type { ProcessSpec } from "../../core/broker/views.ts";
import { isChannelError } from "../../core/errors.ts";
import type { Outcome } from "../../core/process-record.ts";
import { randomId } from "../../core/system.ts";
import type { Api } from "../api.ts";
import type { Environment } from "../configuration.ts";
import { explainFailure } from "../connection.ts";
import { consoleAddress } from "../console-link.ts";
import type { ExitCode } from "../exit-code.ts";
import { say } from "../terminal.ts";
import { escapeText, fitText } from "../terminal-text.ts";
import { keepRole } from "./executor-watch.ts";
import { JobProcess } from "./job-process.ts";
import { OutageNotices, type WhenAway } from "./outage-notices.ts";
import { outcomeOfEnd, ProgramStartError, type ProgramEnd } from "./program.ts";
import {
  ownChannel,
  type JobContext,
  type ProgramKind,
  type ProgramOutput,
  type StartedProgram,
} from "./program-kind.ts";
import { ServerPresence } from "./server-presence.ts";
import { Termination } from "./termination.ts";

const processIdLength = 20;
// A terminal and a parent such as npm may both pass on one Ctrl-C.
const repeatMsMin = 200;
// Delivery that takes no longer needs no explanation.
const deliveryPatienceMs = 2_000;

export interface JobRunOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly label: string;
  /** Beside those of every program: what they are for is the program's. */
  readonly channels: readonly string[];
  readonly isQuiet: boolean;
  readonly kind: ProgramKind;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  /** Silence after which the server takes the program for lost. */
  readonly leaseMs: number;
  /** Most of each output that waits for the server. */
  readonly bufferBytes: number;
  /** What happens to output beyond that while the server is away. */
  readonly whenAway: WhenAway;
}

/** One program as a process on the server: from its creation to its outcome. */
export class JobRun {
  readonly #variables: Environment;
  readonly #options: JobRunOptions;
  readonly #process: JobProcess;
  readonly #presence: ServerPresence;
  readonly #notices: OutageNotices;
  /** Ends what serves the running program: input, lease, watch. */
  readonly #programOver = new AbortController();
  /** Ends the delivery of what it printed. */
  readonly #givenUp = new AbortController();
  #outputs: readonly ProgramOutput[] = [];
  #started: StartedProgram | undefined;
  #termination: Termination | undefined;
  #isCancelled = false;
  #interruptedAtMs = -Infinity;
  /** Whether anything can still be told to the server. */
  #isConnected = true;

  constructor(api: Api, environment: Environment, options: JobRunOptions) {
    this.#variables = environment;
    this.#options = options;
    const { isQuiet, whenAway, label, channels, leaseMs, kind } = options;
    this.#presence = new ServerPresence(api.system, {
      onAway: () => this.#wentAway(),
      onBack: () => this.#notices.cameBack(),
    });
    this.#notices = new OutageNotices({
      whenAway,
      isQuiet,
      isAway: () => this.#presence.isAway,
      isFull: () => this.#outputs.some(({ isFull }) => isFull),
      say: (text) => this.#say(text),
    });
    const id = randomId(processIdLength);
    const submitter = api.observedBy(this.#presence);
    const credentials = api.credentials.asProgram(id);
    const { signal } = this.#givenUp;
    // With the role from the beginning: a process without a program is given up by itself.
    const role = { executorId: credentials.identity, leaseMs };
    const spec: ProcessSpec = {
      id,
      ...(label === "" ? {} : { label }),
      channels: [...kind.channels, ...channels.map((name) => ({ name, ...ownChannel }))],
      ...role,
    };
    this.#process = new JobProcess({
      id,
      submitter,
      executor: submitter.as(credentials),
      create: () => submitter.ask((wire) => wire.createProcess(spec), signal),
      signal,
    });
    this.#process.onRestored(() => this.#reportForgotten());
  }

  /** The program's exit code. Throws what prevents the process from being created. */
  async run(): Promise<ExitCode> {
    try {
      await this.#process.create();
      return await this.#execute();
    } finally {
      this.#presence.dispose();
    }
  }

  async #execute(): Promise<ExitCode> {
    const { label, command, args, isQuiet, kind } = this.#options;
    const { id } = this.#process;
    if (!isQuiet) {
      const name = label === "" ? "" : ` (${fitText(label, 60)})`;
      const { url } = this.#process.submitter;
      this.#say(
        `process ${id}${name} · follow it with: jobwire ${kind.followedBy} ${id}\n` +
          `in a browser: ${consoleAddress({ url, processId: id })}`,
      );
    }
    try {
      const environment = await this.#environment();
      this.#started = await kind.start({ command, args, environment });
    } catch (error) {
      if (!(error instanceof ProgramStartError)) throw error;
      this.#say(escapeText(error.message));
      const { message, exitCode } = error;
      await this.#finish({ status: "failed", error: message.slice(0, 1000), exitCode });
      return exitCode;
    }
    const end = await this.#serve(this.#started);
    await this.#finish(outcomeOfEnd(end, this.#isCancelled));
    return end.exitCode;
  }

  /** Ctrl-C and its like: the first asks to cancel, the second kills; after the program's end, it gives up delivery. */
  interrupt(signal?: NodeJS.Signals): void {
    if (this.#started === undefined) return;
    const nowMs = this.#process.executor.system.clock.monotonicMs();
    if (nowMs - this.#interruptedAtMs < repeatMsMin) return;
    this.#interruptedAtMs = nowMs;
    if (this.#programOver.signal.aborted) this.#givenUp.abort(new Error("interrupted"));
    else if (this.#termination?.isRequested === true) this.#termination.kill();
    else {
      const { hangUpSignal } = this.#options.kind;
      this.#cancel("interrupted", signal === "SIGHUP" ? hangUpSignal : undefined);
      this.#recordCancel();
    }
  }

  get hasProgram(): boolean {
    return this.#started !== undefined;
  }

  /** For the record and its readers; the program does not wait for it. */
  #recordCancel(): void {
    const { signal } = this.#programOver;
    const { submitter, id } = this.#process;
    this.#process
      .retry(() => submitter.ask((wire) => wire.process(id).cancel(), signal), signal)
      // Refused where the process is closed already, and of no use once the program has ended.
      .catch(() => undefined);
  }

  async #environment(): Promise<Record<string, string | undefined>> {
    const { id, submitter } = this.#process;
    const token = await submitter.credentials.programToken(id);
    return {
      PYTHONUNBUFFERED: "1",
      ...this.#variables,
      JOBWIRE_URL: submitter.url,
      JOBWIRE_PROCESS: id,
      ...(token === undefined ? {} : { JOBWIRE_TOKEN: token }),
    };
  }

  /** Everything that goes on while the program runs, until it has printed everything. */
  async #serve({ program, connect }: StartedProgram): Promise<ProgramEnd> {
    const { graceMs, leaseMs } = this.#options;
    const termination = new Termination(program, this.#process.executor.system, graceMs);
    this.#termination = termination;
    const connected = connect(this.#context());
    this.#outputs = connected.outputs;
    for (const { channel, delivered } of this.#outputs)
      delivered.catch((error: unknown) => this.#reportRefusal(channel, error));
    const role = { leaseMs, signal: this.#programOver.signal };
    const keeping = keepRole(this.#process, role, {
      onCancelRequested: (by) => this.#cancel(`cancelled by ${by}`),
      onTakenAway: (reason) => {
        this.#disconnect(`${reason}: stopping the program`);
        termination.request();
      },
      onGivenUp: (reason) =>
        this.#disconnect(`${escapeText(reason)}; the program goes on, only here`),
    });
    const end = await program.ended;
    connected.stopInput();
    await Promise.all(this.#outputs.map(({ copied }) => copied));
    termination.dispose();
    await connected.leave();
    this.#programOver.abort(new Error("the program has ended"));
    await keeping;
    return end;
  }

  #context(): JobContext {
    const { bufferBytes, whenAway } = this.#options;
    return {
      process: this.#process,
      bufferBytes,
      dropsBeyondBound: () => whenAway === "drop" && this.#presence.isAway,
      onFull: () => this.#notices.filled(),
      say: (text) => this.#say(text),
      onRefused: (channel, error) => this.#reportRefusal(channel, error),
      programOver: this.#programOver.signal,
      givenUp: this.#givenUp.signal,
    };
  }

  /** Delivers what is left, the outcome last. The program's exit code does not depend on it. */
  async #finish(outcome: Outcome): Promise<void> {
    this.#programOver.abort(new Error("the program has ended"));
    const { clock } = this.#process.executor.system;
    const patience = clock.after(deliveryPatienceMs, () => {
      if (this.#isConnected)
        this.#say(
          "the program has ended; waiting for the server to take the rest, Ctrl-C gives up",
        );
    });
    // A refusal was told when it came.
    await Promise.allSettled(this.#outputs.map(({ delivered }) => delivered));
    await this.#close(outcome);
    patience.cancel();
  }

  async #close(outcome: Outcome): Promise<void> {
    if (!this.#isConnected) return;
    const { signal } = this.#givenUp;
    try {
      signal.throwIfAborted();
      await this.#process.retry(async () => {
        await Promise.all(this.#outputs.map((output) => output.settled()));
        const { executor, id, term } = this.#process;
        await executor.ask((wire) => wire.process(id).close(outcome, term), signal);
      }, signal);
    } catch (error) {
      if (signal.aborted) this.#say("gave up: the outcome was not delivered");
      // Somebody was quicker: that outcome stands.
      else if (!isChannelError(error, "process_closed"))
        this.#say(`the outcome was not delivered: ${explainFailure(error).message}`);
    }
  }

  #wentAway(): void {
    this.#notices.wentAway();
    for (const output of this.#outputs) output.releaseIfDropping();
  }

  #reportForgotten(): void {
    const bytes = this.#outputs.reduce((sum, output) => sum + output.acknowledgedBytes, 0);
    const lost = bytes === 0 ? "" : `; ${bytes} bytes of output that it had taken are lost there`;
    this.#say(`the server has forgotten this process: created again under the same id${lost}`);
    if (this.#isCancelled && !this.#programOver.signal.aborted) this.#recordCancel();
  }

  #cancel(reason: string, signal?: NodeJS.Signals): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    if (!this.#options.isQuiet) this.#say(`${escapeText(reason)}: stopping the program`);
    this.#termination?.request(signal);
  }

  #reportRefusal(channel: string, error: unknown): void {
    if (this.#givenUp.signal.aborted) this.#say(`gave up: not all of ${channel} was delivered`);
    // What has become of the process is told by who keeps the role.
    else if (
      !this.#process.isAbandoned &&
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
    say({ stderr: this.#options.kind.notices }, text);
  }
}

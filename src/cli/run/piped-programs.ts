import type { Writable } from "node:stream";
import type { ChannelSpec } from "../../core/process-record.ts";
import type { Terminal } from "../terminal.ts";
import { OutputDelivery } from "./output-delivery.ts";
import { Program } from "./program.ts";
import { ProgramInput } from "./program-input.ts";
import {
  inputChannel,
  outputChannel,
  type ConnectedProgram,
  type JobContext,
  type ProgramKind,
  type StartedProgram,
  type StartOptions,
} from "./program-kind.ts";

export interface PipedProgramsOptions {
  /** Local input that is not a terminal is copied into the program. */
  readonly copiesInput: boolean;
}

/** Programs whose input, output and errors are pipes, as in a pipeline of a shell. */
export class PipedPrograms implements ProgramKind {
  readonly followedBy = "tail";
  readonly hangUpSignal = "SIGTERM";
  readonly channels: readonly ChannelSpec[] = [
    { name: "stdout", ...outputChannel },
    { name: "stderr", ...outputChannel },
    inputChannel,
    { name: "control" },
  ];
  readonly #terminal: Terminal;
  readonly #copiesInput: boolean;

  constructor(terminal: Terminal, { copiesInput }: PipedProgramsOptions) {
    this.#terminal = terminal;
    this.#copiesInput = copiesInput;
  }

  get notices(): Writable {
    return this.#terminal.stderr;
  }

  async start({ command, args, environment }: StartOptions): Promise<StartedProgram> {
    const program = await Program.start(command, args, environment);
    return { program, connect: (context) => this.#connect(program, context) };
  }

  #connect(program: Program, context: JobContext): ConnectedProgram {
    const outputs = [
      this.#deliver("stdout", program, context),
      this.#deliver("stderr", program, context),
    ];
    const stopInput = this.#startInput(program, context);
    return { outputs, stopInput, leave: () => Promise.resolve() };
  }

  #deliver(
    channel: "stdout" | "stderr",
    program: Program,
    { say, givenUp, ...context }: JobContext,
  ): OutputDelivery {
    return new OutputDelivery({
      ...context,
      channel,
      source: program[channel],
      local: this.#terminal[channel],
      onDataLost: () => say(`the server lost entries of ${channel} that it had acknowledged`),
      signal: givenUp,
    });
  }

  #startInput(program: Program, { process, programOver, say, onRefused }: JobContext): () => void {
    const input = new ProgramInput(program.stdin, { process, signal: programOver, say });
    input.feed().catch((error: unknown) => {
      if (programOver.aborted) return;
      onRefused("stdin", error);
      // Nothing can come any more: a program that waits for its input would wait for ever.
      program.stdin.end();
    });
    const { stdin } = this.#terminal;
    if (!this.#copiesInput || stdin.isTTY === true) return () => undefined;
    return input.copyLocal(stdin);
  }
}

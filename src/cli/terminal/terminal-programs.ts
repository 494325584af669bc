import type { ChannelSpec } from "../../core/process-record.ts";
import type { Clock } from "../../core/system.ts";
import {
  snapshotChannel,
  terminalChannel,
  type TerminalSize,
} from "../../protocol/terminal-entries.ts";
import { ProgramInput } from "../run/program-input.ts";
import {
  inputChannel,
  outputChannel,
  type ConnectedProgram,
  type JobContext,
  type ProgramKind,
  type StartedProgram,
  type StartOptions,
} from "../run/program-kind.ts";
import type { Terminal } from "../terminal.ts";
import type { KeyboardPolicy } from "./keyboard.ts";
import { PseudoTerminals } from "./pseudo-terminal.ts";
import { Screen } from "./screen.ts";
import { chooseSize, SizeChanges, type SizePolicy } from "./size-policy.ts";
import { controlChannel, TerminalControl } from "./terminal-control.ts";
import { TerminalDelivery } from "./terminal-delivery.ts";
import { TerminalProgram } from "./terminal-program.ts";

const firstSize: TerminalSize = { columns: 80, rows: 24 };
const endOfInputByte = 0x04;

export interface TerminalProgramsOptions {
  readonly clock: Clock;
  /** Local input that is not a terminal is copied into the program. */
  readonly copiesInput: boolean;
  readonly size: SizePolicy;
  readonly keyboard: KeyboardPolicy;
}

/** Programs in terminals of their own, which others look at and type into. */
export class TerminalPrograms implements ProgramKind {
  readonly followedBy = "attach";
  readonly channels: readonly ChannelSpec[] = [
    { name: terminalChannel, ...outputChannel },
    { name: snapshotChannel, ...outputChannel, maxLogEntries: 2 },
    inputChannel,
    { name: controlChannel, maxLogEntries: 1_000, whenFull: "trim" },
  ];
  readonly #terminal: Terminal;
  readonly #options: TerminalProgramsOptions;
  readonly #terminals: PseudoTerminals;

  /** Throws `CommandError` where there are no terminals to be had. */
  constructor(terminal: Terminal, options: TerminalProgramsOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#terminals = PseudoTerminals.load();
  }

  async start(options: StartOptions): Promise<StartedProgram> {
    const { clock, size: policy } = this.#options;
    const size = chooseSize(policy, []) ?? firstSize;
    const screen = await Screen.create(size);
    const terminals = this.#terminals;
    const program = TerminalProgram.start({ ...options, terminals, size, clock });
    return { program, connect: (context) => this.#connect(program, screen, context) };
  }

  #connect(program: TerminalProgram, screen: Screen, context: JobContext): ConnectedProgram {
    const { clock, size: policy, keyboard } = this.#options;
    const size = { columns: screen.columns, rows: screen.rows };
    const delivery = new TerminalDelivery({
      ...context,
      source: program.output,
      screen,
      size,
      local: this.#terminal.stdout,
      onChange: () => undefined,
    });
    screen.onReply((bytes) => program.stdin.write(bytes));
    const sizes = new SizeChanges(clock, size, (changed) => {
      program.resize(changed);
      delivery.resize(changed);
    });
    const control = new TerminalControl({
      context,
      keyboard,
      onSignal: (signal) => program.signalForeground(signal),
      onViewers: (viewers) => {
        const wanted = chooseSize(policy, viewers);
        if (wanted !== undefined) sizes.want(wanted);
      },
    });
    control.follow().catch((error: unknown) => {
      if (!context.programOver.aborted) context.onRefused(controlChannel, error);
    });
    const stopInput = this.#startInput(program, control, context);
    return {
      outputs: [delivery],
      stopInput: () => {
        sizes.dispose();
        stopInput();
      },
      leave: async () => {
        await screen.capture();
        screen.dispose();
      },
    };
  }

  #startInput(
    { stdin }: TerminalProgram,
    control: TerminalControl,
    { process, programOver, say, onRefused }: JobContext,
  ): () => void {
    const input = new ProgramInput(stdin, {
      process,
      signal: programOver,
      say,
      accepts: ({ producer }) => control.takesInputOf(producer),
      endOfInput,
    });
    input.feed().catch((error: unknown) => {
      if (!programOver.aborted) onRefused("stdin", error);
    });
    const local = this.#terminal.stdin;
    if (!this.#options.copiesInput || local.isTTY === true) return () => undefined;
    return input.copyLocal(local);
  }
}

/** The key that ends input at the beginning of a line; within one, the first ends only the line. */
function endOfInput(lastByte: number | undefined): Uint8Array {
  const isWithinLine = lastByte !== undefined && lastByte !== 0x0a && lastByte !== 0x0d;
  return new Uint8Array(isWithinLine ? 2 : 1).fill(endOfInputByte);
}

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
import { canPaint, type Terminal } from "../terminal.ts";
import { HeldOutput } from "./held-output.ts";
import type { KeyboardPolicy } from "./keyboard.ts";
import { LocalTerminal } from "./local-terminal.ts";
import { PseudoTerminals } from "./pseudo-terminal.ts";
import { Screen } from "./screen.ts";
import { chooseSize, SizeChanges, type SizePolicy } from "./size-policy.ts";
import { controlChannel, TerminalControl } from "./terminal-control.ts";
import { TerminalDelivery } from "./terminal-delivery.ts";
import { defaultTerminalSize } from "./terminal-output.ts";
import { TerminalProgram } from "./terminal-program.ts";
import { localViewer, type Viewer } from "./viewers.ts";

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
  readonly hangUpSignal = "SIGHUP";
  readonly notices: HeldOutput;
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
    this.notices = new HeldOutput(terminal.stderr);
    this.#terminals = PseudoTerminals.load();
  }

  async start(options: StartOptions): Promise<StartedProgram> {
    const { clock, size: policy } = this.#options;
    const local = canPaint(this.#terminal) ? await this.#openLocal() : undefined;
    const size = chooseSize(policy, viewersAt(local?.size)) ?? defaultTerminalSize;
    const screen = local?.screen ?? (await Screen.create(size));
    await screen.resize(size);
    const terminals = this.#terminals;
    const program = TerminalProgram.start({ ...options, terminals, size, clock });
    return { program, connect: (context) => this.#connect({ program, screen, local }, context) };
  }

  async #openLocal(): Promise<LocalTerminal> {
    const { clock, copiesInput: isTyping } = this.#options;
    const terminal = this.#terminal;
    return await LocalTerminal.create({ terminal, clock, isTyping, notices: this.notices });
  }

  #connect({ program, screen, local }: Parts, context: JobContext): ConnectedProgram {
    const { columns, rows } = screen;
    const delivery = new TerminalDelivery({
      ...context,
      source: program.output,
      screen,
      size: { columns, rows },
      local: local === undefined ? this.#terminal.stdout : undefined,
      onChange: () => local?.update(),
    });
    screen.onReply((bytes) => program.stdin.write(bytes));
    const control = this.#control(program, delivery, context);
    const { viewers } = control;
    const stopInput = this.#startInput(program, control, context);
    const showLocal = (size = local?.size): void => {
      if (size !== undefined) viewers.tell({ viewer: localViewer, size });
    };
    const onTyped = (): void => viewers.typedBy(localViewer);
    local?.enter(program.stdin, { onResize: showLocal, onTyped });
    showLocal();
    return {
      outputs: [delivery],
      stopInput: () => {
        stopInput();
        local?.stopKeys();
      },
      leave: async () => {
        // What was written last is on the screen then, and in the snapshot.
        await screen.capture();
        if (local === undefined) screen.dispose();
        else await local.leave();
      },
    };
  }

  #control(
    program: TerminalProgram,
    delivery: TerminalDelivery,
    context: JobContext,
  ): TerminalControl {
    const { clock, size: policy, keyboard } = this.#options;
    const { programOver, onRefused } = context;
    const sizes = new SizeChanges(clock, delivery.size, (size) => {
      program.resize(size);
      delivery.resize(size);
    });
    programOver.addEventListener("abort", () => sizes.dispose(), { once: true });
    const control = new TerminalControl({
      context,
      keyboard,
      onSignal: (signal) => program.signalForeground(signal),
      onViewers: (viewers) => {
        const wanted = chooseSize(policy, viewers);
        if (wanted !== undefined && !programOver.aborted) sizes.want(wanted);
      },
    });
    control.follow().catch((error: unknown) => {
      if (!programOver.aborted) onRefused(controlChannel, error);
    });
    return control;
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

interface Parts {
  readonly program: TerminalProgram;
  readonly screen: Screen;
  /** Where the screen is shown here. */
  readonly local: LocalTerminal | undefined;
}

function viewersAt(size: TerminalSize | undefined): readonly Viewer[] {
  return size === undefined ? [] : [{ viewer: localViewer, size, typedAtMs: -Infinity }];
}

/** The key that ends input at the beginning of a line; within one, the first ends only the line. */
function endOfInput(lastByte: number | undefined): Uint8Array {
  const isWithinLine = lastByte !== undefined && lastByte !== 0x0a && lastByte !== 0x0d;
  return new Uint8Array(isWithinLine ? 2 : 1).fill(endOfInputByte);
}

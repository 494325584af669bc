import type { Writable } from "node:stream";
import type { ChannelSpec } from "../../core/process-record.ts";
import type { Environment } from "../configuration.ts";
import type { JobProcess } from "./job-process.ts";
import type { RunningProgram } from "./program.ts";

/** One output of a program on its way into its channel. */
export interface ProgramOutput {
  readonly channel: string;
  /** Settles when the program has closed it. */
  readonly copied: Promise<void>;
  /** Settles when the server has everything up to the end; rejects when it takes no more. */
  readonly delivered: Promise<void>;
  /** Bytes of it that the server has acknowledged, kept or dropped. */
  readonly acknowledgedBytes: number;
  readonly isFull: boolean;
  /** Settles when also a process that was created again after the delivery knows what it lacks. */
  settled(): Promise<void>;
  /** The server went away: a program that waits for room need not where output is dropped now. */
  releaseIfDropping(): void;
}

/** What a job gives to what connects its program. */
export interface JobContext {
  readonly process: JobProcess;
  /** Most of each output that waits for the server. */
  readonly bufferBytes: number;
  /** Whether what comes beyond it is dropped now; otherwise the program waits. */
  readonly dropsBeyondBound: () => boolean;
  readonly onFull: () => void;
  readonly say: (text: string) => void;
  /** The server takes no more of this channel, or gives no more. */
  readonly onRefused: (channel: string, error: unknown) => void;
  /** Ends what serves the running program. */
  readonly programOver: AbortSignal;
  /** Ends the delivery of what it printed. */
  readonly givenUp: AbortSignal;
}

/** A program that runs, connected to its channels. */
export interface ConnectedProgram {
  readonly outputs: readonly ProgramOutput[];
  /** The program has ended: nothing more goes in. */
  stopInput(): void;
  /** All that it printed is read: whatever was taken from the person at this terminal is given back. */
  leave(): Promise<void>;
}

export interface StartedProgram {
  readonly program: RunningProgram;
  readonly connect: (context: JobContext) => ConnectedProgram;
}

export interface StartOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Environment;
}

/** What a job's program reads from and writes to: pipes, or a terminal. */
export interface ProgramKind {
  /** The command that shows such a program. */
  readonly followedBy: "tail" | "attach";
  readonly channels: readonly ChannelSpec[];
  /** What asks the program to end when the terminal of the person who runs it goes away. */
  readonly hangUpSignal: NodeJS.Signals;
  /** For what the job says: shown when a person can read it. */
  readonly notices: Writable;
  /** Throws `ProgramStartError`. */
  start(options: StartOptions): Promise<StartedProgram>;
}

const channelBytesMax = 256 * 1024 * 1024;

/** Output that nobody else can forge, and that never stops the program for being too much. */
export const outputChannel = {
  maxLogBytes: channelBytesMax,
  whenFull: "trim",
  writers: "executor",
} as const satisfies Omit<ChannelSpec, "name">;

/** One that a program uses itself, and whoever answers it. */
export const ownChannel = {
  maxLogBytes: channelBytesMax,
  whenFull: "trim",
} as const satisfies Omit<ChannelSpec, "name">;

export const inputChannel = {
  name: "stdin",
  maxLogBytes: channelBytesMax,
  whenFull: "trim",
  writers: "submitter",
} as const satisfies ChannelSpec;

import {
  decodeSignal,
  decodeViewer,
  encodeTerminalEntry,
  keyboardEntryType,
  signalEntryType,
  viewerEntryType,
  type TerminalSignalName,
} from "../../protocol/terminal-entries.ts";
import type { JobContext } from "../run/program-kind.ts";
import type { NewEntry } from "../run/job-producer.ts";
import { JobProducer } from "../run/job-producer.ts";
import { JobReader } from "../run/job-reader.ts";
import { Keyboard, type KeyboardPolicy } from "./keyboard.ts";
import { localViewer, Viewers, type Viewer } from "./viewers.ts";

export const controlChannel = "control";

export interface TerminalControlOptions {
  readonly context: JobContext;
  readonly keyboard: KeyboardPolicy;
  readonly onSignal: (signal: TerminalSignalName) => void;
  /** Somebody came, left, typed or has another size. */
  readonly onViewers: (viewers: readonly Viewer[]) => void;
}

/** What those who look at a terminal tell about themselves and ask for; and who of them may type. */
export class TerminalControl {
  readonly viewers: Viewers;
  readonly #options: TerminalControlOptions;
  readonly #keyboard: Keyboard | undefined;
  readonly #producer: JobProducer;

  constructor(options: TerminalControlOptions) {
    const { context, keyboard, onViewers } = options;
    const { process, programOver } = context;
    this.#options = options;
    this.#producer = new JobProducer({
      process,
      channel: controlChannel,
      role: "executor",
      signal: programOver,
      renewedEntries: () => (this.#keyboard === undefined ? [] : [this.#keyboardEntry()]),
    });
    if (keyboard === "one") this.#keyboard = new Keyboard(() => this.#announceKeyboard());
    this.viewers = new Viewers(process.executor.system.clock, () => {
      onViewers(this.viewers.all);
      this.#keyboard?.update(this.viewers.all);
    });
    programOver.addEventListener("abort", () => this.viewers.dispose(), { once: true });
  }

  /** Whether what this producer types is taken. */
  takesInputOf(producer: string): boolean {
    if (this.#keyboard?.takes(producer) === false) return false;
    this.viewers.typed(producer);
    return true;
  }

  /** Until the program is over. */
  async follow(): Promise<void> {
    const { process, programOver } = this.#options.context;
    const reader = new JobReader(process, controlChannel, programOver);
    await reader.read((items) => {
      for (const item of items) if (item.kind === "entry") this.#take(item.entry);
      return false;
    });
  }

  #take({ type, payload }: { readonly type: string; readonly payload: Uint8Array }): void {
    const viewer = type === viewerEntryType ? decodeViewer(payload) : undefined;
    // Nobody else is the terminal of this program.
    if (viewer !== undefined && viewer.viewer !== localViewer) this.viewers.tell(viewer);
    const signal = type === signalEntryType ? decodeSignal(payload) : undefined;
    if (signal !== undefined) this.#options.onSignal(signal.signal);
  }

  #announceKeyboard(): void {
    // Refused where the process is closed, of which others are told.
    this.#producer.append(this.#keyboardEntry()).catch(() => undefined);
  }

  #keyboardEntry(): NewEntry {
    const payload = encodeTerminalEntry({ viewer: this.#keyboard?.holder ?? null });
    return { type: keyboardEntryType, payload };
  }
}

import {
  decodeCursor,
  decodeSize,
  decodeSnapshot,
  encodeCursor,
  gapEntryType,
  sizeEntryType,
  snapshotChannel,
  snapshotEntryType,
  type TerminalSnapshot,
} from "../../../client/entry-forms.ts";
import {
  isChannelError,
  type Channel,
  type ChannelEntry,
  type ProcessHandle,
  type ReaderItem,
  type ReaderState,
} from "../../../client/index.ts";
import type { Screen } from "./screen.ts";

export interface ScreenFollowerOptions {
  /** Of the program's output. */
  readonly channel: string;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly onState: (state: ReaderState) => void;
  /** Output is missing: what is drawn stays until whoever runs the program tells the screen anew. */
  readonly onCertain: (isCertain: boolean) => void;
}

/** There are no snapshots for this reader. */
const unreadable: readonly string[] = ["channel_not_found", "forbidden", "unauthorized"];

/** What made the screen uncertain, and where to read on if nobody tells it. */
interface Gap {
  readonly epoch: string;
  /** A screen that holds this position lacks nothing. */
  readonly position: number;
  readonly cursor: string;
}

/**
 * Keeps a screen as the program's terminal is, from its newest snapshot on. Where output is missing it waits
 * for a snapshot of after that place: bytes without those before them make a screen that never was.
 */
export class ScreenFollower {
  readonly #process: ProcessHandle;
  readonly #options: ScreenFollowerOptions;
  readonly #output: Channel;
  /** Of the snapshot that was begun with last. One that a gap follows is of no use again. */
  #usedCursor = "";

  constructor(process: ProcessHandle, options: ScreenFollowerOptions) {
    this.#process = process;
    this.#options = options;
    this.#output = process.channel(options.channel);
  }

  /** Until the process ends, the signal is aborted, or the server refuses, of which the states tell. */
  async run(): Promise<void> {
    const { onState, signal } = this.#options;
    const unlisten = this.#output.onState(onState);
    try {
      let after: string | undefined = await this.#begin();
      while (after !== undefined && !signal.aborted) {
        const gap = await this.#playFrom(after);
        after = gap === undefined ? undefined : await this.#bridge(gap);
      }
    } catch (error) {
      if (!signal.aborted && !isChannelError(error)) throw error;
    } finally {
      unlisten();
    }
  }

  async #begin(): Promise<string> {
    const channels = await this.#process.channels();
    const named = (name: string) => channels.find(({ spec }) => spec.name === name);
    if ((named(snapshotChannel)?.last ?? 0) === 0) return "0";
    const snapshot = await this.#nextSnapshot(0);
    const epoch = named(this.#options.channel)?.epoch;
    if (snapshot === undefined || epoch === undefined) return "0";
    await this.#options.screen.restart(snapshot);
    return encodeCursor({ epoch, position: snapshot.position });
  }

  /** To the end, or the first place where output is missing. */
  async #playFrom(after: string): Promise<Gap | undefined> {
    const { signal } = this.#options;
    const start = after === "0" ? {} : { after };
    for await (const item of this.#output.entries({ ...start, signal }).items()) {
      if (item.kind === "gap") return gapOf(item);
      for (const entry of item.entries) {
        if (entry.type === gapEntryType) return gapOf(entry);
        await this.#play(entry);
        if (signal.aborted) return undefined;
      }
    }
    return undefined;
  }

  async #play({ type, payload }: ChannelEntry): Promise<void> {
    const { screen } = this.#options;
    if (type === "data") await screen.write(payload);
    const size = type === sizeEntryType ? decodeSize(payload) : undefined;
    if (size !== undefined) screen.resize(size);
  }

  /** Where to go on; with the screen as it is where no snapshot will come. */
  async #bridge({ epoch, position, cursor }: Gap): Promise<string> {
    const { onCertain, screen } = this.#options;
    onCertain(false);
    const snapshot = await this.#nextSnapshot(position);
    onCertain(true);
    if (snapshot === undefined) return cursor;
    await screen.restart(snapshot);
    return encodeCursor({ epoch, position: snapshot.position });
  }

  /** The newest that holds the position, now or later; undefined where none will come. */
  async #nextSnapshot(position: number): Promise<TerminalSnapshot | undefined> {
    const { signal } = this.#options;
    try {
      const snapshots = this.#process.channel(snapshotChannel);
      const entries = snapshots.entries({ from: { last: 1 }, signal });
      for await (const { type, payload, cursor } of entries) {
        const snapshot = type === snapshotEntryType ? decodeSnapshot(payload) : undefined;
        if (cursor === this.#usedCursor || snapshot === undefined) continue;
        if (snapshot.position < position) continue;
        this.#usedCursor = cursor;
        return snapshot;
      }
    } catch (error) {
      if (!isChannelError(error) || !unreadable.includes(error.code)) throw error;
    }
    return undefined;
  }
}

function gapOf(place: ChannelEntry | Extract<ReaderItem, { kind: "gap" }>): Gap {
  const { epoch, position } = decodeCursor(place.cursor);
  return { epoch, cursor: place.cursor, position: "first" in place ? place.first - 1 : position };
}

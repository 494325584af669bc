import { isChannelError } from "../../core/errors.ts";
import type { Outcome } from "../../core/process-record.ts";
import { decodeCursor, encodeCursor } from "../../protocol/cursor.ts";
import { gapEntryType } from "../../protocol/gap-entry.ts";
import {
  decodeSnapshot,
  snapshotChannel,
  snapshotEntryType,
  terminalChannel,
  type TerminalSnapshot,
} from "../../protocol/terminal-entries.ts";
import { raceSignal } from "../abort.ts";
import { readChannel, type ChannelItem } from "../channel-reader.ts";
import type { Jobwire } from "../jobwire.ts";
import type { ChannelEntry, ReaderState } from "../reader.ts";

/** Where what a program writes is shown. */
export interface FollowingScreen {
  /** Begins anew, with this size and what was written. */
  restart(snapshot: Omit<TerminalSnapshot, "position">): Promise<void>;
  /** Resolves when the entries are on the screen. */
  play(entries: readonly ChannelEntry[]): Promise<void>;
}

export interface ScreenFollowerEvents {
  /** Output is missing, and what is shown stays until whoever runs the program tells the screen. */
  readonly onUncertain: () => void;
  /** It is certain again. */
  readonly onCertain: () => void;
}

export interface ScreenFollowerOptions extends ScreenFollowerEvents {
  readonly signal: AbortSignal;
  /** Of the output; that of a program's terminal unless given. Only of that one there are snapshots. */
  readonly channel?: string;
  /** How far the output was read. */
  readonly onState?: (state: ReaderState) => void;
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

type PlayEnd =
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "end"; readonly outcome: Outcome | undefined };

/**
 * Keeps a screen as the program's terminal is, from its newest snapshot on. Where output is missing it waits
 * for a snapshot of after that place: bytes without those before them make a screen that never was.
 */
export class ScreenFollower {
  readonly #wire: Jobwire;
  readonly #processId: string;
  readonly #screen: FollowingScreen;
  readonly #options: ScreenFollowerOptions;
  readonly #channel: string;
  /** Of the snapshot that was begun with last. One that a gap follows is of no use again. */
  #usedCursor = "";

  constructor(
    wire: Jobwire,
    processId: string,
    screen: FollowingScreen,
    options: ScreenFollowerOptions,
  ) {
    this.#wire = wire;
    this.#processId = processId;
    this.#screen = screen;
    this.#options = options;
    this.#channel = options.channel ?? terminalChannel;
  }

  /** Until the process ends; returns how. Throws the signal's reason. */
  async run(): Promise<Outcome | undefined> {
    let after = await this.#begin();
    for (;;) {
      const end = await this.#playFrom(after);
      if (end.kind === "end") return end.outcome;
      after = await this.#bridge(end.gap);
    }
  }

  async #begin(): Promise<string> {
    const { signal } = this.#options;
    const channels = await raceSignal(this.#wire.process(this.#processId).channels(), signal);
    const named = (name: string) => channels.find(({ spec }) => spec.name === name);
    const snapshots = named(snapshotChannel);
    if (snapshots === undefined || snapshots.last === 0) return "start";
    const snapshot = await this.#nextSnapshot(0);
    if (snapshot === undefined) return "start";
    await this.#screen.restart(snapshot);
    const epoch = named(this.#channel)?.epoch;
    const { position } = snapshot;
    return epoch === undefined ? String(position) : encodeCursor({ epoch, position });
  }

  async #playFrom(after: string): Promise<PlayEnd> {
    for await (const items of this.#read(this.#channel, after)) {
      const entries: ChannelEntry[] = [];
      for (const item of items) {
        const gap = gapOf(item);
        if (gap === undefined && item.kind === "entry") entries.push(item.entry);
        if (gap === undefined && item.kind !== "end") continue;
        await this.#screen.play(entries);
        if (gap !== undefined) return { kind: "gap", gap };
        return { kind: "end", outcome: item.kind === "end" ? item.outcome : undefined };
      }
      await this.#screen.play(entries);
    }
    return { kind: "end", outcome: undefined };
  }

  /** Where to go on; with the screen as it is where no snapshot will come. */
  async #bridge({ epoch, position, cursor }: Gap): Promise<string> {
    this.#options.onUncertain();
    const snapshot = await this.#nextSnapshot(position);
    this.#options.onCertain();
    if (snapshot === undefined) return cursor;
    await this.#screen.restart(snapshot);
    return encodeCursor({ epoch, position: snapshot.position });
  }

  /** The newest that holds the position, now or later; undefined where none will come. */
  async #nextSnapshot(position: number): Promise<TerminalSnapshot | undefined> {
    if (this.#channel !== terminalChannel) return undefined;
    try {
      for await (const items of this.#read(snapshotChannel, "last:1")) {
        for (const item of items.toReversed()) {
          if (item.kind !== "entry" || item.entry.type !== snapshotEntryType) continue;
          const snapshot = decodeSnapshot(item.entry.payload);
          if (item.cursor === this.#usedCursor || snapshot === undefined) continue;
          if (snapshot.position < position) continue;
          this.#usedCursor = item.cursor;
          return snapshot;
        }
      }
    } catch (error) {
      if (!isChannelError(error) || !unreadable.includes(error.code)) throw error;
    }
    return undefined;
  }

  #read(channel: string, after: string): AsyncGenerator<readonly ChannelItem[], void, undefined> {
    const { signal, onState } = this.#options;
    return readChannel(this.#wire, this.#processId, channel, {
      ...{ after, signal, waitsForProcess: true },
      onState: channel === this.#channel ? onState : undefined,
    });
  }
}

function gapOf(item: ChannelItem): Gap | undefined {
  if (item.kind === "gap") {
    const { epoch } = decodeCursor(item.cursor);
    return { epoch, position: item.first - 1, cursor: item.cursor };
  }
  if (item.kind !== "entry" || item.entry.type !== gapEntryType) return undefined;
  const { epoch, position } = decodeCursor(item.cursor);
  return { epoch, position, cursor: item.cursor };
}

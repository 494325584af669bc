import type { Writable } from "node:stream";
import type { Outcome } from "../../core/process-record.ts";
import { decodeGapEntry, encodeEntry, encodeOutcome, gapEntryType } from "../../protocol/index.ts";
import type { Api } from "../api.ts";
import { readChannel, type ChannelItem } from "../../client/channel-reader.ts";
import { LineNotice } from "../line-notice.ts";
import { say, TerminalOutput, type Terminal } from "../terminal.ts";
import { escapeText } from "../terminal-text.ts";
import type { OutputFile } from "./output-file.ts";

/** Where a channel goes. */
export interface TailSink {
  /** Items that arrived together. */
  take(items: readonly ChannelItem[]): Promise<void>;
  close(): Promise<void>;
}

/** Bytes as they are. */
export class RawSink implements TailSink {
  readonly #output: TerminalOutput;

  constructor(output: Writable) {
    this.#output = new TerminalOutput(output);
  }

  async take(items: readonly ChannelItem[]): Promise<void> {
    for (const item of items) {
      if (item.kind === "entry" && item.entry.type === "data")
        await this.#output.write(item.entry.payload);
    }
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

export class JsonSink implements TailSink {
  readonly #output: TerminalOutput;

  constructor(output: Writable) {
    this.#output = new TerminalOutput(output);
  }

  async take(items: readonly ChannelItem[]): Promise<void> {
    for (const item of items)
      await this.#output.write(`${escapeJson(JSON.stringify(formOf(item)))}\n`);
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

function formOf(item: ChannelItem): unknown {
  if (item.kind === "entry") return { ...encodeEntry(item.entry), cursor: item.cursor };
  if (item.kind === "end")
    return { outcome: item.outcome === undefined ? null : encodeOutcome(item.outcome) };
  const { kind: _, ...gap } = item;
  return { gap };
}

/** JSON leaves C1 controls and direction marks as they are; a terminal does not. */
export function escapeJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A file and beside it how far it is. */
export class FileSink implements TailSink {
  readonly #file: OutputFile;

  constructor(file: OutputFile) {
    this.#file = file;
  }

  async take(items: readonly ChannelItem[]): Promise<void> {
    let cursor: string | undefined;
    for (const item of items) {
      if (item.kind === "end") continue;
      if (item.kind === "entry" && item.entry.type === "data")
        await this.#file.write(item.entry.payload);
      cursor = item.cursor;
    }
    if (cursor !== undefined) await this.#file.commit(cursor);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

export interface TailOptions {
  readonly terminal: Pick<Terminal, "stderr">;
  /** Shared with others that read over the same line. */
  readonly notice?: LineNotice;
  readonly signal?: AbortSignal;
}

/** Copies a channel until the process ends, and returns how it ended. */
export async function tailChannel(
  api: Api,
  {
    processId,
    channel,
    after,
  }: { readonly processId: string; readonly channel: string; readonly after: string },
  sink: TailSink,
  { terminal, notice = new LineNotice(terminal), signal }: TailOptions,
): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined;
  const options = { after, signal, onReconnect: () => notice.broke(), waitsForProcess: true };
  try {
    for await (const items of readChannel(api.wire(), processId, channel, options)) {
      notice.holds();
      await sink.take(items);
      for (const item of items) {
        const notice = noticeOf(item);
        if (notice !== undefined) say(terminal, notice);
        if (item.kind === "end") outcome = item.outcome;
      }
    }
  } finally {
    await sink.close();
  }
  return outcome;
}

/** What is told beside the bytes. */
export function noticeOf(item: ChannelItem): string | undefined {
  if (item.kind === "gap")
    return `a gap: entries before position ${item.first} are gone (${escapeText(item.reason)})`;
  if (item.kind !== "entry") return undefined;
  const { type, error, payload } = item.entry;
  if (type === "error") return `error: ${escapeText(error)}`;
  const missing = type === gapEntryType ? decodeGapEntry(payload) : undefined;
  if (missing === undefined) return undefined;
  const reason = missing.reason === "lost" ? "lost by the server" : "dropped by the writer";
  return `a gap: ${missing.bytes} bytes are missing here (${reason})`;
}

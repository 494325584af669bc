import type { ChannelEntry } from "../../client/index.ts";
import { decodeSize, sizeEntryType, type TerminalSize } from "../../protocol/terminal-entries.ts";
import { gapEntryType } from "../../protocol/index.ts";
import { escapeJson } from "../tail/tail-channel.ts";

// What programs in a terminal of ours are told that it is.
const terminalType = "xterm-256color";

/** A recording in the form asciicast v2 of asciinema, line by line: a header, then an event a line. */
export class Asciicast {
  readonly #defaultSize: TerminalSize;
  #decoder = createDecoder();
  #beganAtMs: number | undefined;
  #lastMs = 0;

  /** The size is that of a recording which names none. */
  constructor(defaultSize: TerminalSize) {
    this.#defaultSize = defaultSize;
  }

  /** The lines for an entry, each with its end. */
  add(entry: ChannelEntry): string {
    const header = this.#begin(entry);
    const { type, payload } = entry;
    if (type === "data")
      return header + this.#output(this.#decoder.decode(payload, { stream: true }), entry);
    if (type === gapEntryType) return header + this.#output(this.#decoder.decode(), entry);
    const size = type === sizeEntryType ? decodeSize(payload) : undefined;
    // The first one is in the header.
    if (size === undefined || header !== "") return header;
    return this.#event("r", `${size.columns}x${size.rows}`, entry);
  }

  /** What follows is not the continuation of what was before. */
  addGap(): void {
    this.#decoder = createDecoder();
  }

  /** The lines for the end. */
  end(): string {
    const header = this.#beganAtMs === undefined ? this.#header(this.#defaultSize, 0) : "";
    const text = this.#decoder.decode();
    return header + (text === "" ? "" : line([seconds(this.#lastMs), "o", text]));
  }

  #begin({ type, payload, timestamp }: ChannelEntry): string {
    if (this.#beganAtMs !== undefined) return "";
    this.#beganAtMs = timestamp;
    const size = type === sizeEntryType ? decodeSize(payload) : undefined;
    return this.#header(size ?? this.#defaultSize, timestamp);
  }

  #header({ columns, rows }: TerminalSize, timestamp: number): string {
    return line({
      version: 2,
      width: columns,
      height: rows,
      timestamp: Math.floor(timestamp / 1000),
      env: { TERM: terminalType },
    });
  }

  #output(text: string, entry: ChannelEntry): string {
    return text === "" ? "" : this.#event("o", text, entry);
  }

  #event(code: "o" | "r", data: string, { timestamp }: ChannelEntry): string {
    // Players want times that do not go back, as those of clocks may.
    this.#lastMs = Math.max(this.#lastMs, timestamp - (this.#beganAtMs ?? timestamp));
    return line([seconds(this.#lastMs), code, data]);
  }
}

/** A character may be cut by the end of an entry; what is none becomes U+FFFD. */
function createDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

function seconds(ms: number): number {
  return ms / 1000;
}

/** Controls beyond ASCII are escaped, too: a recording may be shown by whoever opens it. */
function line(form: unknown): string {
  return `${escapeJson(JSON.stringify(form))}\n`;
}

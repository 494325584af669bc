import { decodeGapEntry, encodeGapEntry, gapEntryType } from "../../protocol/gap-entry.ts";
import type { NewEntry } from "./job-producer.ts";

/** What of one stream of output the server has acknowledged: a process that is created again lacks it. */
export class OutputRecord {
  readonly #repeatedType: string | undefined;
  #repeated: NewEntry | undefined;
  #bytes = 0;
  #isEnded = false;

  /** The last entry of that type, if one is given, holds also for what comes after a loss. */
  constructor(repeatedType?: string) {
    this.#repeatedType = repeatedType;
  }

  /** Bytes of the stream up to the last entry that was acknowledged, kept or dropped. */
  get bytes(): number {
    return this.#bytes;
  }

  acknowledged(entry: NewEntry): void {
    const { type = "data", payload = new Uint8Array(0) } = entry;
    if (type === this.#repeatedType) this.#repeated = entry;
    if (type === "data") this.#bytes += payload.byteLength;
    if (type === "end") this.#isEnded = true;
    const gap = type === gapEntryType ? decodeGapEntry(payload) : undefined;
    // One that says what was lost stands for bytes that are counted already.
    if (gap?.reason === "dropped") this.#bytes += gap.bytes;
  }

  /** What the channel of the new process begins with. */
  renewedEntries(): readonly NewEntry[] {
    const missing = { bytes: this.#bytes, reason: "lost" } as const;
    return [
      ...(this.#repeated === undefined ? [] : [this.#repeated]),
      ...(this.#bytes > 0 ? [{ type: gapEntryType, payload: encodeGapEntry(missing) }] : []),
      ...(this.#isEnded ? [{ type: "end" }] : []),
    ];
  }
}

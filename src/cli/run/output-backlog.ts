import { ChunkAssembler, type PayloadEnd } from "./chunk-assembler.ts";
import type { NewEntry } from "./job-producer.ts";

/** Told of the position of the last entry before its place. */
export type Mark = (position: number) => void;

/** What has its place between the bytes. */
type Inserted = { missingBytes: number } | { readonly entry: NewEntry } | { readonly mark: Mark };

/** What comes next of a backlog: bytes, how many bytes are missing in this place, or what was put there. */
export type BacklogPart = { readonly payload: Uint8Array } | Readonly<Inserted>;

/** A program's output that waits for the server, with gaps in the places where some was dropped. */
export class OutputBacklog {
  /** In order; a gap is followed by more only once bytes are kept again. */
  readonly #parts: (ChunkAssembler | Inserted)[] = [];
  readonly #createEnd: (() => PayloadEnd) | undefined;
  #bytes = 0;

  /** Payloads end at the ends of characters, or where this says; each stretch of bytes has its own. */
  constructor(createEnd?: () => PayloadEnd) {
    this.#createEnd = createEnd;
  }

  /** Bytes that are kept; what was dropped does not count. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    let last = this.#parts.at(-1);
    if (!(last instanceof ChunkAssembler)) {
      last = new ChunkAssembler(this.#createEnd?.());
      this.#parts.push(last);
    }
    last.push(chunk);
    this.#bytes += chunk.byteLength;
  }

  drop(bytes: number): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && "missingBytes" in last) last.missingBytes += bytes;
    else this.#parts.push({ missingBytes: bytes });
  }

  /** An entry of another type. Of two of a type in the same place the last one counts. */
  insert(entry: NewEntry): void {
    const last = this.#parts.at(-1);
    if (last !== undefined && "entry" in last && last.entry.type === entry.type) this.#parts.pop();
    this.#parts.push({ entry });
  }

  mark(mark: Mark): void {
    this.#parts.push({ mark });
  }

  /** As `ChunkAssembler.take`; nothing else is ever joined with bytes. */
  take(bytesMax: number, { rest }: { readonly rest: boolean }): BacklogPart | undefined {
    for (;;) {
      const [first] = this.#parts;
      if (first === undefined) return undefined;
      if (!(first instanceof ChunkAssembler)) {
        this.#parts.shift();
        return first;
      }
      const isLast = this.#parts.length === 1;
      // The rest of a character does not come where something else follows.
      const payload = first.take(bytesMax, { rest: rest || !isLast });
      if (payload !== undefined) {
        this.#bytes -= payload.byteLength;
        return { payload };
      }
      if (isLast) return undefined;
      this.#parts.shift();
    }
  }

  clear(): void {
    this.#parts.length = 0;
    this.#bytes = 0;
  }
}

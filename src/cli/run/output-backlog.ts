import { ChunkAssembler } from "./chunk-assembler.ts";

/** What comes next of a backlog: bytes, or how many bytes are missing in this place. */
export type BacklogPart = { readonly payload: Uint8Array } | { readonly missingBytes: number };

/** A program's output that waits for the server, with gaps in the places where some was dropped. */
export class OutputBacklog {
  /** In order; a gap is followed by more only once bytes are kept again. */
  readonly #parts: (ChunkAssembler | { missingBytes: number })[] = [];
  #bytes = 0;

  /** Bytes that are kept; what was dropped does not count. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    let last = this.#parts.at(-1);
    if (!(last instanceof ChunkAssembler)) {
      last = new ChunkAssembler();
      this.#parts.push(last);
    }
    last.push(chunk);
    this.#bytes += chunk.byteLength;
  }

  drop(bytes: number): void {
    const last = this.#parts.at(-1);
    if (last === undefined || last instanceof ChunkAssembler)
      this.#parts.push({ missingBytes: bytes });
    else last.missingBytes += bytes;
  }

  /** As `ChunkAssembler.take`; a gap is never joined with bytes. */
  take(bytesMax: number, { rest }: { readonly rest: boolean }): BacklogPart | undefined {
    for (;;) {
      const [first] = this.#parts;
      if (first === undefined) return undefined;
      if (!(first instanceof ChunkAssembler)) {
        this.#parts.shift();
        return first;
      }
      const isLast = this.#parts.length === 1;
      // The rest of a character before a gap does not come.
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

import type { JetStreamContext } from "./jetstream-context.ts";

const refreshMs = 10_000;

/** Bytes of all streams: what was read now and then, and what was written from here since. */
export class StreamSizes {
  readonly #context: JetStreamContext;
  readonly #read = new Map<string, number>();
  readonly #added = new Map<string, number>();
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(context: JetStreamContext) {
    this.#context = context;
    void this.#refreshAll();
  }

  get bytes(): number {
    let bytes = 0;
    for (const part of [this.#read, this.#added])
      for (const ofStream of part.values()) bytes += ofStream;
    return bytes;
  }

  add(stream: string, bytes: number): void {
    this.#added.set(stream, (this.#added.get(stream) ?? 0) + bytes);
  }

  async refresh(stream: string): Promise<void> {
    const before = this.#added.get(stream) ?? 0;
    const { bytes } = await this.#context.jetStream.readState(stream);
    this.#read.set(stream, bytes);
    // What was written while it was read may be counted twice until the next time.
    this.add(stream, -before);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #refreshAll(): Promise<void> {
    for (const stream of this.#context.subjects.streams) {
      if (this.#isClosed) return;
      await this.refresh(stream).catch((error: unknown) => {
        if (!this.#isClosed) this.#context.reportError(error, "size");
      });
    }
    if (this.#isClosed) return;
    this.#timer = this.#context.system.clock.after(refreshMs, () => void this.#refreshAll());
  }
}

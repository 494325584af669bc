import { DecodeError } from "../../core/codec/byte-reader.ts";
import type { HeardListener } from "../../core/store.ts";
import type { JetStreamContext } from "./jetstream-context.ts";
import { decodeHeard, encodeHeard } from "./message-codec.ts";

/** Nodes tell each other which executors they hear: by plain messages, which are never written. */
export class HeardExecutors {
  readonly #context: JetStreamContext;
  readonly #listeners = new Set<HeardListener>();
  readonly #stop: () => void;
  readonly #offReconnect: () => void;

  constructor(context: JetStreamContext) {
    const { jetStream, subjects } = context;
    this.#context = context;
    this.#stop = jetStream.listen(subjects.heard, (_, data) => this.#hear(data));
    this.#offReconnect = jetStream.onReconnect(() => this.missed());
  }

  tell(processId: string, assignTerm: number): void {
    const { jetStream, subjects } = this.#context;
    jetStream.broadcast(subjects.heardOf(processId), encodeHeard({ processId, assignTerm }));
  }

  follow(listener: HeardListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What others told meanwhile may be lost. */
  missed(): void {
    for (const listener of this.#listeners) listener.missed();
  }

  close(): void {
    this.#stop();
    this.#offReconnect();
  }

  #hear(data: Uint8Array): void {
    try {
      const { processId, assignTerm } = decodeHeard(data);
      for (const listener of this.#listeners) listener.heard(processId, assignTerm);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#context.reportError(error, "listen");
    }
  }
}

import { encodePayload } from "../core/entry.ts";
import type { Entries } from "./entries.ts";
import type { Producer } from "./producer.ts";
import { StreamError } from "./stream-error.ts";

export interface StreamOptions {
  /** Position of the entry that the stream answers; without it the stream is nobody's answer. */
  readonly replyTo?: number;
}

/** Larger pieces are cut: each has to fit into an entry. */
const pieceBytesMax = 1024 * 1024;

/** Of the others: what this client itself has written is not its input. */
export function createReadable(
  entries: Entries,
  ownProducer: string,
  { replyTo = 0 }: StreamOptions,
): ReadableStream<Uint8Array> {
  const iterator = entries[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { value: entry, done } = await iterator.next();
          if (done === true) return controller.close();
          if (entry.producer === ownProducer || entry.replyTo !== replyTo) continue;
          if (entry.type === "data" && entry.payload.length > 0)
            return controller.enqueue(entry.payload);
          if (entry.type !== "error" && entry.type !== "end") continue;
          entries.close();
          if (entry.type === "error") throw new StreamError(entry);
          return controller.close();
        }
      },
      cancel: () => entries.close(),
    },
    // The subscription reads ahead already.
    { highWaterMark: 0 },
  );
}

export function createWritable(
  producer: Producer,
  { replyTo }: StreamOptions,
): WritableStream<string | Uint8Array> {
  const place = { sequence: 0, replyto: replyTo };
  let failure: { readonly error: unknown } | undefined;
  const send = (payload: Uint8Array): void => {
    producer.send({ ...place, payload }).catch((error: unknown) => (failure ??= { error }));
  };
  const proceed = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return new WritableStream<string | Uint8Array>({
    async write(chunk) {
      const bytes = encodePayload(chunk);
      for (let at = 0; at < bytes.length; at += pieceBytesMax) {
        await producer.ready();
        proceed();
        // A copy: the writer may use its buffer again once this is taken.
        send(bytes.slice(at, at + pieceBytesMax));
      }
      await producer.ready();
      proceed();
    },
    async close() {
      await producer.settled();
      proceed();
      await producer.send({ ...place, type: "end", payload: new Uint8Array(0) });
    },
    async abort(reason) {
      const error = reason instanceof Error ? reason.message : String(reason ?? "");
      await producer.send({ ...place, type: "error", error, payload: new Uint8Array(0) });
    },
  });
}

export async function* readLines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let isOver = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      isOver = done;
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split(/\r?\n/);
      rest = lines.pop() ?? "";
      yield* lines;
      if (!done) continue;
      if (rest !== "") yield rest;
      return;
    }
  } finally {
    if (!isOver) await reader.cancel().catch(() => undefined);
  }
}

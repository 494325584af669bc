import { createParser } from "eventsource-parser";
import { UnreachableError, type Api, type ApiRequest } from "./api.ts";

// The server sends something at least every 15 s; three times that is a dead line.
const silenceMsMax = 45_000;

export interface ServerEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: string;
}

/**
 * Events as they arrive, those of one read together, until the server ends the stream; undefined if it
 * has nothing more to say (204). Throws `UnreachableError` when the line breaks or falls silent. Nothing
 * is read ahead of the consumer: a slow one slows the server's sending only.
 */
export async function* readServerEvents(
  api: Api,
  path: string,
  { query = {}, signal }: Pick<ApiRequest, "query" | "signal">,
): AsyncGenerator<readonly ServerEvent[] | undefined, void, undefined> {
  const broken = new AbortController();
  const request = {
    query,
    headers: { accept: "text/event-stream" },
    signal: signal === undefined ? broken.signal : AbortSignal.any([signal, broken.signal]),
  };
  const response = await api.stream("GET", path, request);
  if (response.status === 204 || response.body === null) {
    yield undefined;
    return;
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const batches = createBatches();
  try {
    while (true) {
      const timer = api.system.clock.after(silenceMsMax, () =>
        broken.abort(new Error("the line fell silent")),
      );
      const { done, value } = await reader.read().finally(() => timer.cancel());
      if (done) return;
      const events = batches.feed(value);
      if (events.length > 0) yield events;
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    throw new UnreachableError(api.url, { cause: error });
  } finally {
    // Leaves the connection, also in the middle of a stream.
    broken.abort();
  }
}

function createBatches(): { feed(bytes: Uint8Array): readonly ServerEvent[] } {
  const decoder = new TextDecoder();
  let events: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", id, data }) => events.push({ name: event, id, data }),
  });
  return {
    feed(bytes) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      const batch = events;
      events = [];
      return batch;
    },
  };
}

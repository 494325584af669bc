import { createParser } from "eventsource-parser";
import { isChannelError } from "../core/errors.ts";
import { followSignal, raceSignal } from "../client/abort.ts";
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
  const { controller, unfollow } = followSignal(signal);
  const patiently = async <Result>(work: Promise<Result>): Promise<Result> => {
    const fallSilent = (): void => controller.abort(new Error("the line fell silent"));
    const timer = api.system.clock.after(silenceMsMax, fallSilent);
    return await raceSignal(work, controller.signal).finally(() => timer.cancel());
  };
  const request = { query, headers: { accept: "text/event-stream" }, signal: controller.signal };
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const response = await patiently(api.stream("GET", path, request));
    if (response.status === 204 || response.body === null) return yield undefined;
    reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    const batches = createBatches();
    while (true) {
      const { done, value } = await patiently(reader.read());
      if (done) return;
      const events = batches.feed(value);
      if (events.length > 0) yield events;
    }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (isChannelError(error) || error instanceof UnreachableError) throw error;
    throw api.unreachable(error);
  } finally {
    unfollow();
    controller.abort();
    // Leaves the connection, also in the middle of a stream; a broken one has left already.
    reader?.cancel().catch(() => undefined);
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

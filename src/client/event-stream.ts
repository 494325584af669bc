import { SseParser, type ReceivedSseEvent } from "../protocol/sse.ts";
import { followSignal, raceLimit } from "./abort.ts";
import type { HttpLinkParts } from "./http-link.ts";

/** A stream begins with something at once: longer silence means that it is gathered on the way. */
const beginningMsMax = 5_000;
/** The server sends something at least every 15 s; three times that is a dead line. */
const silenceMsMax = 45_000;

/**
 * Events as they arrive, those of one read together. Throws `request_timeout` when the stream falls silent
 * while somebody reads. Nothing is read ahead of the consumer.
 */
export async function* readEvents(
  { http, system, signal }: Pick<HttpLinkParts, "http" | "system" | "signal">,
  path: string,
  query: Readonly<Record<string, string>> = {},
): AsyncGenerator<readonly ReceivedSseEvent[], void, undefined> {
  const { controller, unfollow } = followSignal(signal);
  let limitMs = beginningMsMax;
  const patiently = <Result>(work: Promise<Result>): Promise<Result> =>
    raceLimit(work, controller, system, limitMs);
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const headers = { accept: "text/event-stream" };
    const request = { query, headers, signal: controller.signal };
    const response = await patiently(http.stream("GET", path, request));
    if (response.body === null) return;
    reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    const parser = new SseParser();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await patiently(reader.read());
      if (done) return;
      limitMs = silenceMsMax;
      const events = parser.feed(decoder.decode(value, { stream: true }));
      if (events.length > 0) yield events;
    }
  } finally {
    unfollow();
    controller.abort();
    // Leaves the connection, also in the middle of a stream; a broken one has left already.
    reader?.cancel().catch(() => undefined);
  }
}

import type { Api } from "../../src/cli/api.ts";
import { readEvents } from "../../src/client/event-stream.ts";
import type { ReceivedSseEvent } from "../../src/protocol/sse.ts";

/** Events as they arrive, until the server ends the stream. Throws `UnreachableError` when the line breaks. */
export async function* readServerEvents(
  api: Api,
  path: string,
  query: Readonly<Record<string, string>> = {},
): AsyncGenerator<readonly ReceivedSseEvent[], void, undefined> {
  const { http, system } = api;
  const { signal } = new AbortController();
  try {
    yield* readEvents({ http, system, signal }, path, query);
  } catch (error) {
    throw api.explain(error);
  }
}

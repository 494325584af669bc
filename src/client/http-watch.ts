import type { JsonProcess } from "../protocol/json-form.ts";
import { delay } from "./back-off.ts";
import { readEvents } from "./event-stream.ts";
import type { HttpLinkParts } from "./http-link.ts";

const pollMs = 2_000;

/** A watch by server-sent events, or by asking again and again. Tells its end, or throws. */
export async function watchByHttp(parts: HttpLinkParts, id: number, path: string): Promise<void> {
  if (parts.mode === "poll") return await poll(parts, id, path);
  for await (const events of readEvents(parts, path)) {
    for (const { event, data } of events) {
      const json: unknown = JSON.parse(data);
      if (event === "process") parts.emit({ kind: "process", id, process: json as JsonProcess });
      else if (event === "deleted")
        parts.emit({ kind: "deleted", id, process: (json as { readonly id: string }).id });
      else if (event === "synced") parts.emit({ kind: "synced", id });
      else if (event === "end") {
        const { reason } = json as { readonly reason: string };
        return parts.emit({ kind: "end", id, reason });
      }
    }
  }
  parts.emit({ kind: "end", id, reason: "shutdown" });
}

async function poll(parts: HttpLinkParts, id: number, path: string): Promise<void> {
  const { http, system, signal } = parts;
  for (;;) {
    let after: string | undefined;
    do {
      const answer = await http.request("GET", path, { query: { after }, signal });
      const page = answer as {
        readonly processes?: readonly JsonProcess[];
        readonly next?: string;
      };
      for (const process of page.processes ?? [answer as JsonProcess])
        parts.emit({ kind: "process", id, process });
      after = page.next;
    } while (after !== undefined);
    parts.emit({ kind: "synced", id });
    await delay(system, pollMs, signal);
  }
}

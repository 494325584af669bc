import type { ProcessChange, ProcessWatch } from "../core/broker/process-watch.ts";
import { encodeProcess } from "../protocol/json-form.ts";
import { encodeSseComment, encodeSseEvent, encodeSseRetry } from "../protocol/sse.ts";
import { eventStreamType } from "./channel-streams.ts";
import type { Interruption, StreamPart, StreamSource } from "./stream-pump.ts";

/** A reconnect starts over: it is to be as rare as a lost line. */
const retryMs = 1_000;

/** The processes now, that those were all, then each that changes, as server-sent events. */
export class ProcessEvents implements StreamSource {
  readonly contentType = eventStreamType;
  readonly #watch: ProcessWatch;
  #isSynced = false;

  constructor(watch: ProcessWatch) {
    this.#watch = watch;
  }

  begin(): string {
    return encodeSseRetry(retryMs);
  }

  async next(signal: AbortSignal): Promise<StreamPart> {
    const changes = await this.#watch.next({ signal });
    if (this.#watch.isClosed) return encodeEnd(this.#watch.isRevoked ? "revoked" : "shutdown");
    const told = changes.map(encodeChange);
    if (this.#watch.hasToldAll && !this.#isSynced) {
      this.#isSynced = true;
      told.push(encodeSseEvent({ event: "synced", data: "{}" }));
    }
    return { data: told.length === 0 ? this.signOfLife() : told.join("") };
  }

  signOfLife(): string {
    return encodeSseComment("heartbeat");
  }

  interruption(reason: Interruption): StreamPart {
    return encodeEnd(reason);
  }

  close(): void {
    this.#watch.close();
  }
}

function encodeChange(change: ProcessChange): string {
  return "process" in change
    ? encodeSseEvent({ event: "process", data: JSON.stringify(encodeProcess(change.process)) })
    : encodeSseEvent({ event: "deleted", data: JSON.stringify({ id: change.deleted }) });
}

function encodeEnd(reason: string): StreamPart {
  return {
    data: encodeSseEvent({ event: "end", data: JSON.stringify({ reason }) }),
    then: "end",
  };
}

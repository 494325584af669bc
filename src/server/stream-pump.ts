import type { FastifyReply } from "fastify";
import { ResponseWriter } from "./response-writer.ts";
import type { WriterOptions } from "./response-writer.ts";
import type { TurnQueue } from "./turn-queue.ts";

export interface StreamOptions extends WriterOptions {
  readonly heartbeatMs: number;
  /** All streams share it. */
  readonly turns: TurnQueue;
  /** When the caller's token or grant expires, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Why a stream ends that could have gone on. */
export type Interruption = "token_expired" | "too_slow" | "overloaded" | "shutdown";

/** What comes next of a stream. `cut`: the connection is broken, so that a copier notices. */
export interface StreamPart {
  readonly data: string | readonly Uint8Array[];
  readonly then?: "end" | "cut";
}

/** Where a stream comes from, and how it looks on the wire. */
export interface StreamSource {
  readonly contentType: string;
  /** Sent before anything else. */
  begin(): string;
  /** Waits until there is something; ends the wait with the signal, of which nothing is lost. */
  next(signal: AbortSignal): Promise<StreamPart>;
  /** Sent after a silence. Undefined: this stream knows no such thing. */
  signOfLife(): string | undefined;
  interruption(reason: Interruption): StreamPart;
  close(): void;
}

/** Sends everything a source has until its end, the peer's leaving, or the token's expiry. */
export async function pump(
  reply: FastifyReply,
  source: StreamSource,
  options: StreamOptions,
): Promise<void> {
  const { clock, expiresAt } = options;
  const writer = startStream(reply, source, options);
  try {
    await writer.write(source.begin());
    while (!writer.signal.aborted && writer.trouble === undefined) {
      const isExpired = clock.now() >= expiresAt;
      const part = isExpired
        ? source.interruption("token_expired")
        : await untilTimer(source, writer.signal, options);
      // A timer that fires for the expiry has nothing to send but the end, which the next turn does.
      if (part === undefined) continue;
      await options.turns.next();
      if (part.then !== undefined) return finish(reply, writer, part);
      await writeAll(writer, part.data);
    }
    if (writer.trouble !== undefined) finish(reply, writer, source.interruption(writer.trouble));
  } catch (error) {
    if (!writer.signal.aborted) throw error;
  } finally {
    source.close();
  }
}

/** Takes the connection over from the framework. */
function startStream(
  reply: FastifyReply,
  source: StreamSource,
  options: StreamOptions,
): ResponseWriter {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  const isOfBytes = source.signOfLife() === undefined;
  raw.writeHead(200, {
    "content-type": source.contentType,
    // Proxies of the nginx family gather a response unless they are told not to.
    "x-accel-buffering": "no",
    // Told of bytes, it would let a break pass for their end: fetch of node takes what ends a connection that
    // is to be closed for the whole body, also in the middle of a chunk.
    ...(isOfBytes ? {} : { connection: "close" }),
  });
  raw.flushHeaders();
  // What carried a stream may still hold what its peer has not taken: it is not used again.
  raw.once("finish", () => raw.socket?.end());
  // Where there is no sign of life, silence is no sign of death; the system still looks for lost peers.
  if (isOfBytes) raw.socket?.setTimeout(0);
  return new ResponseWriter(raw, options);
}

async function writeAll(writer: ResponseWriter, data: StreamPart["data"]): Promise<void> {
  for (const part of typeof data === "string" ? [data] : data)
    if (!(await writer.write(part))) return;
}

function finish(reply: FastifyReply, writer: ResponseWriter, { data, then }: StreamPart): void {
  if (then === "cut") reply.raw.destroy();
  else writer.end(typeof data === "string" ? data : undefined);
}

/** What comes next, or the sign of life when nothing does; undefined when the token expires first. */
async function untilTimer(
  source: StreamSource,
  left: AbortSignal,
  { clock, heartbeatMs, expiresAt }: StreamOptions,
): Promise<StreamPart | undefined> {
  left.throwIfAborted();
  const pause = new AbortController();
  const abort = (): void => pause.abort();
  const timer = clock.after(Math.min(heartbeatMs, expiresAt - clock.now()), abort);
  left.addEventListener("abort", abort, { once: true });
  try {
    return await source.next(pause.signal);
  } catch (error) {
    left.throwIfAborted();
    if (!pause.signal.aborted) throw error;
    const data = clock.now() >= expiresAt ? undefined : source.signOfLife();
    return data === undefined ? undefined : { data };
  } finally {
    timer.cancel();
    left.removeEventListener("abort", abort);
  }
}

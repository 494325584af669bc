import type { FastifyReply, FastifyRequest } from "fastify";
import type { Broker } from "../core/broker/broker.ts";
import type { Caller } from "../core/broker/caller.ts";
import { ChannelError, invalidArgument } from "../core/errors.ts";
import type { Clock } from "../core/system.ts";
import type { Identified } from "./authentication.ts";
import type { StreamOptions } from "./event-stream.ts";

/** What every route needs. */
export interface RouteContext {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly stallMs: number;
  readonly heartbeatMs: number;
  /** Streams that are open: shutdown waits for their last words. */
  readonly streams: Set<Promise<void>>;
}

const identities = new WeakMap<FastifyRequest, Identified>();

export function setIdentity(request: FastifyRequest, identified: Identified): void {
  identities.set(request, identified);
}

export function callerOf(request: FastifyRequest): Caller {
  return identityOf(request).caller;
}

function identityOf(request: FastifyRequest): Identified {
  const identified = identities.get(request);
  if (identified === undefined)
    throw new ChannelError("unauthenticated", { reason: "no bearer token" });
  return identified;
}

export function streamOptions(context: RouteContext, request: FastifyRequest): StreamOptions {
  const { clock, stallMs, heartbeatMs } = context;
  return { clock, stallMs, heartbeatMs, expiresAt: identityOf(request).expiresAt };
}

/** Keeps a stream in view until it ends; a failure of it is logged and cuts the connection. */
export function keepStream(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  stream: Promise<void>,
): void {
  const kept = stream.catch((error: unknown) => {
    request.log.error({ err: error }, "stream failed");
    reply.raw.destroy();
  });
  context.streams.add(kept);
  void kept.finally(() => context.streams.delete(kept));
}

/** A media type that the client names itself; a wildcard asks for nothing in particular. */
export function accepts(request: FastifyRequest, mediaType: string): boolean {
  const types = (request.headers.accept ?? "")
    .split(",")
    .map((type) => type.split(";", 1)[0]?.trim().toLowerCase());
  return types.includes(mediaType);
}

/** An integer of the query, exactly. Throws `invalid_argument`. */
export function integerOf(
  name: string,
  text: string | undefined,
  range?: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  const isInteger = /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(value);
  if (isInteger && (range === undefined || (value >= range.min && value <= range.max)))
    return value;
  const expected =
    range === undefined
      ? "an integer within ±(2^53−1)"
      : `an integer from ${range.min} to ${range.max}`;
  throw invalidArgument(name, expected, JSON.stringify(text.slice(0, 40)));
}

/** Fields that are undefined are left out: the core tells "not given" by absence. */
export function given<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]: Exclude<Fields[Key], undefined>;
  };
}

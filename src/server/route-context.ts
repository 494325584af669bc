import type { FastifyReply, FastifyRequest } from "fastify";
import type { Action } from "../core/broker/authority.ts";
import type { Broker } from "../core/broker/broker.ts";
import type { Caller } from "../core/broker/caller.ts";
import { ChannelError, invalidArgument } from "../core/errors.ts";
import type { Clock } from "../core/system.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Authentication } from "./authentication.ts";
import type { RequestLife } from "./request-life.ts";
import type { ServerLimits } from "./server-limits.ts";
import type { SharedBudget } from "./shared-budget.ts";
import { pump } from "./stream-pump.ts";
import type { StreamOptions, StreamSource } from "./stream-pump.ts";
import type { Identified } from "./token-verifier.ts";
import type { TurnQueue } from "./turn-queue.ts";

/** What every route needs. */
export interface RouteContext {
  readonly broker: Broker;
  readonly authentication: Authentication;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly limits: ServerLimits;
  /** Bytes of bodies, and of frames of sockets, that are not whole yet. */
  readonly bodies: SharedBudget;
  /** Bytes of answers and streams that their readers have not taken yet. */
  readonly answers: SharedBudget;
  /** Where large answers wait to be written as JSON, and streams to be written at all. */
  readonly largeAnswers: TurnQueue;
  readonly streamWrites: TurnQueue;
  readonly stallMs: number;
  readonly heartbeatMs: number;
  /** Streams that are open: shutdown waits for their last words. */
  readonly streams: Set<Promise<void>>;
}

/**
 * What a route asks of its caller, looked at before the body is read: to be permitted an action, to be
 * somebody (`identified`), or nothing (`anyone`).
 */
export type Access = Action | "identified" | "anyone";

declare module "fastify" {
  interface FastifyContextConfig {
    readonly access?: Access;
  }
  interface FastifyRequest {
    identified: Identified | undefined;
    life: RequestLife;
    /** Gives back what the request holds of the budgets. */
    release: () => void;
  }
}

export function callerOf(request: FastifyRequest): Caller {
  return identityOf(request).caller;
}

export function identityOf({ identified }: FastifyRequest): Identified {
  if (identified === undefined)
    throw new ChannelError("unauthenticated", { reason: "no bearer token" });
  return identified;
}

/** Answers with a stream, which is kept in view until it ends; a failure of it is logged and cuts the connection. */
export function sendStream(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  source: StreamSource,
): FastifyReply {
  const { clock, stallMs, heartbeatMs, streams, answers, streamWrites: turns } = context;
  const { expiresAt } = identityOf(request);
  const { ip, life } = request;
  const take = (length: number): (() => void) => answers.take(ip, length);
  const options: StreamOptions = {
    clock,
    stallMs,
    heartbeatMs,
    expiresAt,
    left: life.signal,
    take,
    turns,
  };
  request.release();
  const kept = pump(reply, source, options).catch((error: unknown) => {
    request.log.error({ err: error }, "stream failed");
    reply.raw.destroy();
  });
  streams.add(kept);
  void kept.finally(() => streams.delete(kept));
  return reply;
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
  // Not by assignment: of a body from outside, a field named `__proto__` would become more than a field.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]: Exclude<Fields[Key], undefined>;
  };
}

import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ChannelView, StartAt } from "../core/broker/views.ts";
import { invalidArgument } from "../core/errors.ts";
import { decodeStart, encodeCursor } from "../protocol/cursor.ts";
import { encodeChannelView, encodeRead } from "../protocol/json-form.ts";
import { ChannelAnswer, ChannelsAnswer, ReadAnswer } from "./answer-schemas.ts";
import { ChannelBytes, ChannelEvents, endMark } from "./channel-streams.ts";
import { answerFromTag } from "./closed-history.ts";
import { bytesForm, eventsForm, inForms, operation } from "./operation.ts";
import { accepts, callerOf, given, integerOf, sendStream } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { ChannelParams, NoQuery, ProcessParams, ReadQuery } from "./schemas.ts";

const path = "/v1/processes/:process/channels";
const waitSecondsMax = 60;
/** Payloads that take a millisecond or more to be written as JSON. */
const turnBytes = 256 * 1024;

export function addReadRoutes(server: FastifyInstance, context: RouteContext): void {
  addChannelRoutes(server, context);
  addEntriesRoute(server, context);
}

function addChannelRoutes(server: FastifyInstance, { broker }: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const list = operation(
    "listChannels",
    "The channels of a process that the caller may read.",
    { params: ProcessParams, querystring: NoQuery },
    { 200: ChannelsAnswer },
  );
  app.get(path, { schema: list, config: { access: "get" } }, async (request) => {
    const views = await broker.listChannels(callerOf(request), request.params.process);
    return { channels: views.map(encodeChannelView) };
  });

  const get = operation(
    "getChannel",
    "A channel: what it holds and whether it has ended. HEAD tells it in headers.",
    { params: ChannelParams, querystring: NoQuery },
    { 200: ChannelAnswer },
  );
  const config = { access: "read" } as const;
  app.get(
    `${path}/:channel`,
    { schema: get, config, exposeHeadRoute: true },
    async (request, reply) => {
      const { process, channel } = request.params;
      const view = await broker.getChannel(callerOf(request), process, channel);
      return reply.headers(headersOf(view)).send(encodeChannelView(view));
    },
  );
}

function headersOf({ epoch, first, last, keptBytes }: ChannelView): Record<string, string> {
  return {
    "jobwire-first": String(first),
    "jobwire-last": String(last),
    "jobwire-bytes": String(keptBytes),
    "jobwire-cursor": encodeCursor({ epoch, position: last }),
  };
}

function addEntriesRoute(server: FastifyInstance, context: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const forms = {
    "application/json": ReadAnswer,
    "text/event-stream": eventsForm,
    "application/octet-stream": bytesForm,
  };
  const schema = operation(
    "readEntries",
    "Read a channel after a place: a page, events as they come, or bytes.",
    { params: ChannelParams, querystring: ReadQuery },
    {
      200: inForms("What is there, in the form that was asked for.", forms),
      204: { type: "null", description: "This reader has seen the end." },
      304: { type: "null", description: "The reader has it: the process has ended." },
    },
  );
  const config = { access: "read" } as const;
  app.get(`${path}/:channel/entries`, { schema, config }, async (request, reply) => {
    const { process, channel } = request.params;
    const { after, limit, wait, format = "json" } = request.query;
    const start = after === undefined ? undefined : decodeStart(after);
    const place = { process, channel, start };
    if (accepts(request, "text/event-stream")) {
      if (format !== "json" && format !== "text")
        throw invalidArgument("format", "json or text", JSON.stringify(format.slice(0, 40)));
      return openEvents(context, request, reply, { ...place, format });
    }
    if (accepts(request, "application/octet-stream"))
      return openBytes(context, request, reply, place);
    const entriesMax = context.broker.limits.readEntriesMax;
    return readPage(context, request, reply, {
      ...place,
      entriesMax: integerOf("limit", limit, { min: 1, max: entriesMax }),
      waitSeconds: integerOf("wait", wait, { min: 0, max: waitSecondsMax }),
    });
  });
}

interface Place {
  readonly process: string;
  readonly channel: string;
  readonly start: StartAt | undefined;
}

async function readPage(
  { broker, largeAnswers }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  place: Place & { entriesMax: number | undefined; waitSeconds: number | undefined },
): Promise<FastifyReply> {
  const { process, channel, start, entriesMax, waitSeconds = 0 } = place;
  const caller = callerOf(request);
  const view = await broker.getChannel(caller, process, channel);
  if (answerFromTag(request, reply, view, "json")) return reply;
  // Who waits holds nothing that others wait for.
  if (waitSeconds > 0) request.release();
  const result = await broker.read(caller, process, channel, {
    ...given({ after: start, entriesMax, waitMs: waitSeconds * 1000 }),
    signal: request.life.signal,
  });
  const bytes = result.entries.reduce((sum, { payload }) => sum + payload.length, 0);
  if (bytes >= turnBytes) await largeAnswers.next();
  return reply.send(encodeRead(result));
}

async function openBytes(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { process, channel, start }: Place,
): Promise<FastifyReply> {
  const { broker } = context;
  const caller = callerOf(request);
  const view = await broker.getChannel(caller, process, channel);
  if (answerFromTag(request, reply, view, "bytes")) return reply;
  const after = start ?? "start";
  const subscription = await broker.subscribe(caller, process, channel, { after });
  return sendStream(context, request, reply, new ChannelBytes(subscription));
}

async function openEvents(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { process, channel, start, format }: Place & { format: "json" | "text" },
): Promise<FastifyReply> {
  const { lastEventId, hasSeenEnd } = readLastEventId(request);
  // What the browser remembers is newer than what the page's address says.
  const after = lastEventId === undefined ? (start ?? "start") : decodeStart(lastEventId);
  const caller = callerOf(request);
  const subscription = await context.broker.subscribe(caller, process, channel, { after });
  if (hasSeenEnd && (await subscription.poll())?.kind === "end") {
    subscription.close();
    // An EventSource comes back after each end of a response; only this stops it.
    return reply.code(204).send();
  }
  return sendStream(context, request, reply, new ChannelEvents(subscription, format));
}

/** Where a reader of events comes back to, if it was here before. */
export function readLastEventId({ headers }: FastifyRequest): {
  readonly lastEventId: string | undefined;
  readonly hasSeenEnd: boolean;
} {
  const id = headers["last-event-id"];
  if (typeof id !== "string" || id === "") return { lastEventId: undefined, hasSeenEnd: false };
  const hasSeenEnd = id.endsWith(endMark);
  return { lastEventId: hasSeenEnd ? id.slice(0, -endMark.length) : id, hasSeenEnd };
}

import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { StartAt } from "../core/broker/views.ts";
import { invalidArgument } from "../core/errors.ts";
import { decodeStart } from "../protocol/cursor.ts";
import {
  decodeEntryInput,
  encodeAck,
  encodeChannelView,
  encodeRead,
} from "../protocol/json-form.ts";
import { endMark, streamBytes, streamEvents } from "./event-stream.ts";
import { accepts, callerOf, given, integerOf, keepStream, streamOptions } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { AppendQuery, BatchBody, ChannelParams, ProcessParams, ReadQuery } from "./schemas.ts";

const path = "/v1/processes/:process/channels";
const waitSecondsMax = 60;

export function addChannelRoutes(server: FastifyInstance, context: RouteContext): void {
  addReadRoutes(server, context);
  addBatchRoute(server, context);
  // In a scope of its own: there any body, of whatever type it says it is, is one payload.
  void server.register((scope, _options, done) => {
    addPayloadRoute(scope, context);
    done();
  });
}

/** Refuses who may not append before the body is read. */
async function admitAppend(context: RouteContext, request: FastifyRequest): Promise<void> {
  const { process, channel } = request.params as {
    readonly process: string;
    readonly channel: string;
  };
  await context.broker.requireAppend(callerOf(request), process, channel);
}

function addPayloadRoute(scope: FastifyInstance, context: RouteContext): void {
  const { broker } = context;
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  app.post(
    `${path}/:channel/entries`,
    {
      schema: { params: ChannelParams, querystring: AppendQuery },
      bodyLimit: broker.limits.payloadBytesMax,
      onRequest: (request) => admitAppend(context, request),
    },
    async (request, reply) => {
      const { sequence, inreplyto, replyto, producer, type, error, term } = request.query;
      const payload = request.body as Uint8Array | undefined;
      const entry = given({
        payload,
        sequence: integerOf("sequence", sequence),
        inReplyTo: integerOf("inreplyto", inreplyto),
        replyTo: integerOf("replyto", replyto),
        type,
        error,
      });
      const { process, channel } = request.params;
      const ack = await broker.append(
        callerOf(request),
        process,
        channel,
        [entry],
        given({ producer, term: integerOf("term", term) }),
      );
      return reply
        .code(ack.entries.every(({ duplicate }) => duplicate) ? 200 : 201)
        .send(encodeAck(ack));
    },
  );
}

function addBatchRoute(server: FastifyInstance, context: RouteContext): void {
  const { broker } = context;
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  app.post(
    `${path}/:channel/entries/batch`,
    {
      schema: { params: ChannelParams, body: BatchBody },
      // Base64 takes 4 bytes for 3, and each entry some for its fields.
      bodyLimit:
        Math.ceil(Math.max(broker.limits.batchBytesMax, broker.limits.payloadBytesMax) * 1.4) +
        1024 * 1024,
      onRequest: (request) => admitAppend(context, request),
    },
    async (request, reply) => {
      const { producer, term, entries } = request.body;
      const { process, channel } = request.params;
      const inputs = entries.map((entry) => decodeEntryInput(given(entry)));
      const ack = await broker.append(
        callerOf(request),
        process,
        channel,
        inputs,
        given({ producer, term }),
      );
      return reply
        .code(ack.entries.every(({ duplicate }) => duplicate) ? 200 : 201)
        .send(encodeAck(ack));
    },
  );
}

function addReadRoutes(server: FastifyInstance, context: RouteContext): void {
  const { broker } = context;
  const app = server.withTypeProvider<TypeBoxTypeProvider>();

  app.get(path, { schema: { params: ProcessParams } }, async (request) => {
    const caller = callerOf(request);
    const process = await broker.getProcess(caller, request.params.process);
    const views = await Promise.all(
      process.channels.map(({ name }) => broker.getChannel(caller, process.id, name)),
    );
    return { channels: views.map(encodeChannelView) };
  });

  app.get(`${path}/:channel`, { schema: { params: ChannelParams } }, async (request) => {
    const { process, channel } = request.params;
    return encodeChannelView(await broker.getChannel(callerOf(request), process, channel));
  });

  app.get(
    `${path}/:channel/entries`,
    { schema: { params: ChannelParams, querystring: ReadQuery } },
    async (request, reply) => {
      const { process, channel } = request.params;
      const { after, limit, wait, format = "json" } = request.query;
      const start = after === undefined ? undefined : decodeStart(after);
      if (accepts(request, "text/event-stream")) {
        if (format !== "json" && format !== "text")
          throw invalidArgument("format", "json or text", JSON.stringify(format.slice(0, 40)));
        return openEvents(context, request, reply, { process, channel, format, start });
      }
      if (accepts(request, "application/octet-stream")) {
        const subscription = await broker.subscribe(callerOf(request), process, channel, {
          after: start ?? "start",
        });
        keepStream(
          context,
          request,
          reply,
          streamBytes(reply, subscription, streamOptions(context, request)),
        );
        return reply;
      }
      const left = new AbortController();
      reply.raw.once("close", () => left.abort());
      const result = await broker.read(callerOf(request), process, channel, {
        ...given({
          after: start,
          entriesMax: integerOf("limit", limit, { min: 1, max: broker.limits.readEntriesMax }),
          waitMs: secondsToMs(integerOf("wait", wait, { min: 0, max: waitSecondsMax })),
        }),
        signal: left.signal,
      });
      return reply.header("cache-control", "no-store").send(encodeRead(result));
    },
  );
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

async function openEvents(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  {
    process,
    channel,
    format,
    start,
  }: { process: string; channel: string; format: "json" | "text"; start: StartAt | undefined },
): Promise<FastifyReply> {
  const { broker } = context;
  // What the browser remembers is newer than what the page's address says.
  const lastEventId = request.headers["last-event-id"];
  let after = start ?? "start";
  let hasSeenEnd = false;
  if (typeof lastEventId === "string" && lastEventId !== "") {
    hasSeenEnd = lastEventId.endsWith(endMark);
    after = decodeStart(hasSeenEnd ? lastEventId.slice(0, -endMark.length) : lastEventId);
  }
  const subscription = await broker.subscribe(callerOf(request), process, channel, { after });
  if (hasSeenEnd && (await subscription.poll())?.kind === "end") {
    subscription.close();
    // An EventSource comes back after each end of a response; only this stops it.
    return reply.code(204).send();
  }
  keepStream(
    context,
    request,
    reply,
    streamEvents(reply, subscription, format, streamOptions(context, request)),
  );
  return reply;
}

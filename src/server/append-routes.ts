import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { AppendAck } from "../core/broker/views.ts";
import { decodeEntryInput, encodeAck } from "../protocol/json-form.ts";
import { AckAnswer } from "./answer-schemas.ts";
import { operation } from "./operation.ts";
import { callerOf, given, integerOf } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { AppendQuery, BatchBody, ChannelParams, TermQuery } from "./schemas.ts";

const path = "/v1/processes/:process/channels/:channel/entries";
const answers = { 200: AckAnswer, 201: AckAnswer };

export function addAppendRoutes(server: FastifyInstance, context: RouteContext): void {
  addBatchRoute(server, context);
  // In a scope of its own: there any body, of whatever type it says it is, is one payload.
  void server.register((scope, _options, done) => {
    addPayloadRoute(scope, context);
    done();
  });
}

function addPayloadRoute(scope: FastifyInstance, { broker }: RouteContext): void {
  const app = scope.withTypeProvider<TypeBoxTypeProvider>();
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
  const schema = operation(
    "appendPayload",
    "Append the body, whatever it is, as one entry.",
    { params: ChannelParams, querystring: AppendQuery },
    answers,
  );
  const { payloadBytesMax: bodyLimit } = broker.limits;
  const config = { access: "append", takes: "application/octet-stream" } as const;
  app.post(path, { schema, bodyLimit, config }, async (request, reply) => {
    const { sequence, inreplyto, replyto, producer, type, error, term } = request.query;
    const entry = given({
      payload: request.body as Uint8Array | undefined,
      sequence: integerOf("sequence", sequence),
      inReplyTo: integerOf("inreplyto", inreplyto),
      replyTo: integerOf("replyto", replyto),
      type,
      error,
    });
    const { process, channel } = request.params;
    const options = given({ producer, term: integerOf("term", term) });
    return sendAck(
      reply,
      await broker.append(callerOf(request), process, channel, [entry], options),
    );
  });
}

function addBatchRoute(server: FastifyInstance, { broker }: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const schema = operation(
    "appendBatch",
    "Append several entries, all or none.",
    { params: ChannelParams, querystring: TermQuery, body: BatchBody },
    answers,
  );
  const { batchBytesMax, payloadBytesMax } = broker.limits;
  // Base64 takes 4 bytes for 3, and each entry some for its fields.
  const bodyLimit = Math.ceil(Math.max(batchBytesMax, payloadBytesMax) * 1.4) + 1024 * 1024;
  const config = { access: "append" } as const;
  app.post(`${path}/batch`, { schema, bodyLimit, config }, async (request, reply) => {
    const { producer, entries } = request.body;
    const { process, channel } = request.params;
    const inputs = entries.map((entry) => decodeEntryInput(given(entry)));
    const options = given({ producer, term: integerOf("term", request.query.term) });
    return sendAck(
      reply,
      await broker.append(callerOf(request), process, channel, inputs, options),
    );
  });
}

/** 200 says that nothing was added: all of it was there. */
function sendAck(reply: FastifyReply, ack: AppendAck): FastifyReply {
  const isRepeat = ack.entries.every(({ duplicate }) => duplicate);
  return reply.code(isRepeat ? 200 : 201).send(encodeAck(ack));
}

import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { invalidArgument } from "../core/errors.ts";
import type { ProcessState } from "../core/process-record.ts";
import { decodeOutcome, encodeProcess } from "../protocol/json-form.ts";
import { streamProcesses } from "./event-stream.ts";
import { accepts, callerOf, given, integerOf, keepStream, streamOptions } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import {
  AssignBody,
  CloseBody,
  CreateBody,
  LeaseBody,
  ListQuery,
  ProcessParams,
} from "./schemas.ts";

const states: readonly string[] = [
  "waiting",
  "running",
  "closed",
] satisfies readonly ProcessState[];

export function addProcessRoutes(server: FastifyInstance, context: RouteContext): void {
  addCollectionRoutes(server, context);
  addMemberRoutes(server, context);
}

function addCollectionRoutes(server: FastifyInstance, context: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const { broker } = context;

  app.post("/v1/processes", { schema: { body: CreateBody } }, async (request, reply) => {
    const { id, label, submitterid, executorid, executors, channels, leasems } = request.body;
    const spec = given({
      id,
      label,
      submitterId: submitterid,
      executorId: executorid,
      executors,
      leaseMs: leasems,
      channels: channels.map(({ name, maxlogentries, maxlogbytes, whenfull, writers }) => ({
        name,
        ...given({
          maxLogEntries: maxlogentries,
          maxLogBytes: maxlogbytes,
          whenFull: whenfull,
          writers,
        }),
      })),
    });
    const { process, created } = await broker.createProcess(callerOf(request), spec);
    return reply
      .code(created ? 201 : 200)
      .header("location", `/v1/processes/${process.id}`)
      .send(encodeProcess(process));
  });

  app.get("/v1/processes", { schema: { querystring: ListQuery } }, async (request, reply) => {
    if (accepts(request, "text/event-stream")) {
      const watch = await broker.watchProcesses(callerOf(request));
      keepStream(
        context,
        request,
        reply,
        streamProcesses(reply, watch, streamOptions(context, request)),
      );
      return reply;
    }
    const { after, limit, state, label } = request.query;
    if (state !== undefined && !states.includes(state))
      throw invalidArgument("state", states.join(", "), JSON.stringify(state.slice(0, 40)));
    const page = await broker.listProcesses(
      callerOf(request),
      given({
        after,
        limit: integerOf("limit", limit, { min: 1, max: 500 }),
        state: state as ProcessState | undefined,
        label,
      }),
    );
    return reply.send({
      processes: page.processes.map(encodeProcess),
      ...given({ next: page.next }),
    });
  });
}

function addMemberRoutes(server: FastifyInstance, context: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const { broker } = context;
  const schema = { params: ProcessParams };
  const path = "/v1/processes/:process";

  app.get(path, { schema }, async (request, reply) => {
    const { process: processId } = request.params;
    if (accepts(request, "text/event-stream")) {
      const watch = await broker.watchProcesses(callerOf(request), { processId });
      keepStream(
        context,
        request,
        reply,
        streamProcesses(reply, watch, streamOptions(context, request)),
      );
      return reply;
    }
    return reply.send(encodeProcess(await broker.getProcess(callerOf(request), processId)));
  });

  app.put(`${path}/executor`, { schema: { ...schema, body: AssignBody } }, async (request) => {
    const { executorid, leasems } = request.body;
    const assignment = { executorId: executorid, ...given({ leaseMs: leasems }) };
    return encodeProcess(
      await broker.assign(callerOf(request), request.params.process, assignment),
    );
  });

  app.post(`${path}/lease`, { schema: { ...schema, body: LeaseBody } }, async (request) => {
    const renewal = given({ term: request.body?.term });
    return encodeProcess(
      await broker.renewLease(callerOf(request), request.params.process, renewal),
    );
  });

  app.post(`${path}/cancel`, { schema }, async (request) =>
    encodeProcess(await broker.requestCancel(callerOf(request), request.params.process)),
  );

  app.post(`${path}/close`, { schema: { ...schema, body: CloseBody } }, async (request) => {
    const { outcome, term } = request.body;
    const closed = await broker.closeProcess(
      callerOf(request),
      request.params.process,
      decodeOutcome(given(outcome)),
      given({ term }),
    );
    return encodeProcess(closed);
  });

  app.delete(path, { schema }, async (request, reply) => {
    await broker.deleteProcess(callerOf(request), request.params.process);
    return reply.code(204).send();
  });
}

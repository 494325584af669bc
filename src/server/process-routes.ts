import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { invalidArgument } from "../core/errors.ts";
import type { ProcessState } from "../core/process-record.ts";
import { decodeOutcome, encodeProcess } from "../protocol/json-form.ts";
import { NothingAnswer, ProcessAnswer, ProcessesAnswer } from "./answer-schemas.ts";
import { eventsForm, inForms, operation } from "./operation.ts";
import { ProcessEvents } from "./process-stream.ts";
import { accepts, callerOf, given, integerOf, sendStream } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import {
  AssignBody,
  CloseBody,
  CreateBody,
  ListQuery,
  NoQuery,
  ProcessParams,
  TermQuery,
} from "./schemas.ts";

const states: readonly string[] = [
  "waiting",
  "running",
  "closed",
] satisfies readonly ProcessState[];

const path = "/v1/processes/:process";
const ofProcess = { params: ProcessParams, querystring: NoQuery };
const answer = { 200: ProcessAnswer };

export function addProcessRoutes(server: FastifyInstance, context: RouteContext): void {
  addCreateRoute(server, context);
  addListRoute(server, context);
  addGetRoute(server, context);
  addExecutorRoutes(server, context);
  addEndRoutes(server, context);
}

function addCreateRoute(server: FastifyInstance, { broker }: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const schema = operation(
    "createProcess",
    "Create a process with its channels. The same again is a success that creates nothing.",
    { body: CreateBody, querystring: NoQuery },
    { ...answer, 201: ProcessAnswer },
  );
  app.post("/v1/processes", { schema, config: { access: "create" } }, async (request, reply) => {
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
}

function addListRoute(server: FastifyInstance, context: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const { broker } = context;
  const forms = { "application/json": ProcessesAnswer, "text/event-stream": eventsForm };
  const schema = operation(
    "listProcesses",
    "List the processes that the caller may see, or watch them.",
    { querystring: ListQuery },
    { 200: inForms("A page, or the processes now and then each that changes.", forms) },
  );
  app.get("/v1/processes", { schema, config: { access: "list" } }, async (request, reply) => {
    if (accepts(request, "text/event-stream")) {
      const watch = await broker.watchProcesses(callerOf(request));
      return sendStream(context, request, reply, new ProcessEvents(watch));
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

function addGetRoute(server: FastifyInstance, context: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const { broker } = context;
  const forms = { "application/json": ProcessAnswer, "text/event-stream": eventsForm };
  const schema = operation("getProcess", "A process, or watch it.", ofProcess, {
    200: inForms("The process, or the process now and then each time it changes.", forms),
  });
  app.get(path, { schema, config: { access: "get" } }, async (request, reply) => {
    const { process: processId } = request.params;
    if (accepts(request, "text/event-stream")) {
      const watch = await broker.watchProcesses(callerOf(request), { processId });
      return sendStream(context, request, reply, new ProcessEvents(watch));
    }
    return reply.send(encodeProcess(await broker.getProcess(callerOf(request), processId)));
  });
}

function addExecutorRoutes(server: FastifyInstance, { broker }: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const assign = operation(
    "assignExecutor",
    "Give the executor's role to an identity; nothing of the replaced one is added any more.",
    { ...ofProcess, body: AssignBody },
    answer,
  );
  const config = { access: "assign_self" } as const;
  app.put(`${path}/executor`, { schema: assign, config }, async (request) => {
    const { executorid, leasems } = request.body;
    const assignment = { executorId: executorid, ...given({ leaseMs: leasems }) };
    return encodeProcess(
      await broker.assign(callerOf(request), request.params.process, assignment),
    );
  });

  const renew = operation(
    "renewLease",
    "The executor says that it lives; the answer shows a cancel request.",
    { params: ProcessParams, querystring: TermQuery },
    answer,
  );
  app.post(`${path}/lease`, { schema: renew, config: { access: "renew" } }, async (request) => {
    const renewal = given({ term: integerOf("term", request.query.term) });
    return encodeProcess(
      await broker.renewLease(callerOf(request), request.params.process, renewal),
    );
  });
}

function addEndRoutes(server: FastifyInstance, { broker }: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const cancel = operation(
    "requestCancel",
    "Ask the executor to stop. A process that nobody runs closes at once.",
    ofProcess,
    answer,
  );
  app.post(`${path}/cancel`, { schema: cancel, config: { access: "cancel" } }, async (request) =>
    encodeProcess(await broker.requestCancel(callerOf(request), request.params.process)),
  );

  const close = operation(
    "closeProcess",
    "End the process with its outcome, in every channel behind the last entry.",
    { params: ProcessParams, querystring: TermQuery, body: CloseBody },
    answer,
  );
  app.post(`${path}/close`, { schema: close, config: { access: "close" } }, async (request) => {
    const closed = await broker.closeProcess(
      callerOf(request),
      request.params.process,
      decodeOutcome(given(request.body.outcome)),
      given({ term: integerOf("term", request.query.term) }),
    );
    return encodeProcess(closed);
  });

  const remove = operation("deleteProcess", "Remove the process with its logs.", ofProcess, {
    204: NothingAnswer,
  });
  app.delete(path, { schema: remove, config: { access: "delete" } }, async (request, reply) => {
    await broker.deleteProcess(callerOf(request), request.params.process);
    return reply.code(204).send();
  });
}

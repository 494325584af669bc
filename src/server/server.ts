import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import Fastify, { LogController } from "fastify";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Broker } from "../core/broker/broker.ts";
import type { Caller } from "../core/broker/caller.ts";
import { systemClock } from "../core/system.ts";
import type { Clock } from "../core/system.ts";
import { parseJson } from "../protocol/json-integers.ts";
import { addBackupRoute } from "./backup-route.ts";
import type { BackUp } from "./backup-route.ts";
import { addAppendRoutes } from "./append-routes.ts";
import { AuditLog } from "./audit-log.ts";
import { Authentication } from "./authentication.ts";
import type { KeySource } from "./authentication.ts";
import { refuseBrokenRequest } from "./broken-request.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { addConsoleRoutes, readConsoleFiles } from "./console-files.ts";
import { addGrantRoutes } from "./grant-routes.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { addDocument } from "./openapi.ts";
import { requireBoundedJson } from "./json-bounds.ts";
import { OriginRules } from "./origin-rules.ts";
import { sendProblem, toProblem } from "./problem.ts";
import { addProcessRoutes } from "./process-routes.ts";
import { addReadRoutes } from "./read-routes.ts";
import { RequestGuard } from "./request-guard.ts";
import type { RouteContext } from "./route-context.ts";
import { RouteTable } from "./route-table.ts";
import type { Route } from "./route-table.ts";
import { RequestsUnderWay } from "./requests-under-way.ts";
import { defaultStreamTimes, resolveServerLimits } from "./server-limits.ts";
import type { ServerLimits } from "./server-limits.ts";
import { SharedBudget } from "./shared-budget.ts";
import { SocketDoor } from "./socket-door.ts";
import { addSeveralRoute } from "./several-route.ts";
import { SignInCodes } from "./sign-in-codes.ts";
import { addSignInRoutes } from "./sign-in-routes.ts";
import { TrustedProxies } from "./trusted-proxies.ts";
import { TurnQueue } from "./turn-queue.ts";

export interface ServerOptions extends KeySource {
  readonly broker: Broker;
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port?: number;
  /** Further addresses under which people reach this server. */
  readonly publicUrls?: readonly string[];
  /** Origins whose pages may use this server. */
  readonly allowedOrigins?: readonly string[];
  /** Addresses or CIDR ranges whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  /** Copies the store to a directory of this machine; without it there is no such route. Rejects with `ChannelError`. */
  readonly backUp?: BackUp;
  /** Folder of the built console, which is served at the root; without it there is none. */
  readonly consoleDirectory?: string;
  /** A pino logger; without one nothing is logged. */
  readonly logger?: FastifyBaseLogger;
  /** Where refusals for want of authority are noted; the broker's `onAudit` should lead to the same one. */
  readonly audit?: AuditLog;
  readonly clock?: Clock;
  /** Silence after which a stream gets a sign of life, in milliseconds. */
  readonly heartbeatMs?: number;
  /** Time in which a reader whose buffer is full must take something, in milliseconds. */
  readonly stallMs?: number;
  /** Time that a shutdown gives open streams for their last words, in milliseconds. */
  readonly graceMs?: number;
}

export interface Server {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  readonly routes: readonly Route[];
  /** For a link to the console: a code that is exchanged for a token once, as one of `POST /v1/sign-in/codes`. */
  createSignInCode(caller: Caller): string;
  /** Ends all streams with a reason from which clients come back, settles appends, and closes broker and port. Twice is harmless. */
  close(): Promise<void>;
}

const jsonBytesMax = 1024 * 1024;
// Ids and names are shorter; longer ones get their own refusal, not the router's.
const parameterLengthMax = 300;
const requestIdForm = /^[\w.-]{1,128}$/;
/** How often slow requests are looked for, and lost peers of quiet connections. */
const timeoutCheckMs = 1_000;
/** Some milliseconds of work. */
const streamWritesPerTurn = 100;
const keepAliveProbeMs = 30_000;

/** Throws `TypeError` or `RangeError` for options that cannot be. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const {
    broker,
    keys,
    reload,
    host = "127.0.0.1",
    port = 0,
    logger,
    clock = systemClock,
  } = options;
  const { publicUrls = [], allowedOrigins = [] } = options;
  const {
    heartbeatMs = defaultStreamTimes.heartbeatMs,
    stallMs = defaultStreamTimes.stallMs,
    graceMs = defaultStreamTimes.graceMs,
  } = options;
  const limits = resolveServerLimits(options.limits ?? {});
  const { consoleDirectory } = options;
  const consoleFiles =
    consoleDirectory === undefined ? [] : await readConsoleFiles(consoleDirectory);
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const rules = new OriginRules(publicUrls, allowedOrigins);
  const underWay = new RequestsUnderWay(limits.requestsPerConnection);
  const app = createApp(logger, limits, proxies, underWay);
  const audit =
    options.audit ?? new AuditLog((line) => app.log.warn({ audit: line }, "refused"), clock);
  const authentication = new Authentication({ keys, reload }, broker.grants, clock, (error) =>
    app.log.error({ err: error }, "keys could not be read again"),
  );
  const context: RouteContext = {
    broker,
    authentication,
    audit,
    clock,
    limits,
    bodies: halvedBudget("bytes of bodies under way", limits.bodyBytes),
    answers: halvedBudget("bytes of answers under way", limits.answerBytes),
    largeAnswers: new TurnQueue(1),
    streamWrites: new TurnQueue(streamWritesPerTurn),
    heartbeatMs,
    stallMs,
    streams: new Set(),
  };
  const table = new RouteTable(app);
  const connections = new ConnectionLimit(limits, proxies);
  const codes = new SignInCodes(clock);
  const door = new SocketDoor(context);
  const isUpgrade = door.isUpgrade.bind(door);
  new RequestGuard(context, rules, { connections, underWay, isUpgrade }).install(app);
  await addDocument(app);
  await app.register((scope, _options, done) => {
    addRoutes(scope, context, codes);
    door.install(scope);
    addConsoleRoutes(scope, consoleFiles);
    if (options.backUp !== undefined) addBackupRoute(scope, options.backUp);
    done();
  });
  await app.listen({ host, port });
  const { address, family, port: bound } = app.server.address() as AddressInfo;
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  let closing: Promise<void> | undefined;
  return {
    url,
    routes: table.routes,
    createSignInCode: (caller) => codes.create({ caller, expiresAt: Infinity }).code,
    close: () => (closing ??= shutDown(app, door, context, graceMs)),
  };
}

/** One address gets half of it. */
function halvedBudget(limit: string, total: number): SharedBudget {
  return new SharedBudget(limit, { total, perAddress: Math.ceil(total / 2) });
}

function addRoutes(app: FastifyInstance, context: RouteContext, codes: SignInCodes): void {
  addHealthRoutes(app, context);
  addProcessRoutes(app, context);
  addGrantRoutes(app, context);
  addReadRoutes(app, context);
  addSeveralRoute(app, context);
  addAppendRoutes(app, context);
  addSignInRoutes(app, context, codes);
}

function createApp(
  logger: FastifyBaseLogger | undefined,
  limits: ServerLimits,
  proxies: TrustedProxies,
  underWay: RequestsUnderWay,
): FastifyInstance {
  const app: FastifyInstance = Fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    // A client's own id is taken if no line of a log could be forged by it.
    genReqId: ({ headers }) => {
      const id = headers["x-request-id"];
      return typeof id === "string" && requestIdForm.test(id) ? id : randomUUID();
    },
    bodyLimit: jsonBytesMax,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    trustProxy: (address) => proxies.has(address),
    routerOptions: { maxParamLength: parameterLengthMax },
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.idleMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headerMs, limits.requestMs),
      connectionsCheckingInterval: timeoutCheckMs,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveProbeMs,
    },
    clientErrorHandler: (error, socket) => refuseBrokenRequest(error, socket, limits, underWay),
    // Types of a query are text, and numbers of a body are numbers: nothing is turned into anything else.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, toProblem(error, jsonBytesMax));
    },
  });
  // Beyond those that are told why: whoever opens connections faster than they are refused.
  app.server.maxConnections = limits.connections + Math.ceil(limits.connections / 10);
  app.setSerializerCompiler(() => JSON.stringify);
  addJsonParser(app);
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error, request.routeOptions.bodyLimit);
    if (problem.code === "internal_error") request.log.error({ err: error }, "request failed");
    return sendProblem(request, reply, problem);
  });
  return app;
}

function addJsonParser(app: FastifyInstance): void {
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      const text = String(body);
      requireBoundedJson(text);
      done(null, text === "" ? undefined : parseJson(text));
    } catch (error) {
      done(error as Error);
    }
  });
}

async function shutDown(
  app: FastifyInstance,
  door: SocketDoor,
  { broker, clock, streams, authentication, audit }: RouteContext,
  graceMs: number,
): Promise<void> {
  await broker.close();
  const closed = Promise.all([...streams, door.shutDown()]);
  let timer: { cancel(): void } | undefined;
  const patience = new Promise<void>((resolve) => (timer = clock.after(graceMs, resolve)));
  await Promise.race([closed, patience]);
  timer?.cancel();
  door.terminate();
  await app.close();
  authentication.close();
  audit.close();
}

import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import Fastify, { LogController } from "fastify";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Broker } from "../core/broker/broker.ts";
import { ChannelError } from "../core/errors.ts";
import { systemClock } from "../core/system.ts";
import type { Clock } from "../core/system.ts";
import { parseJson } from "../protocol/json-integers.ts";
import { TokenVerifier } from "./authentication.ts";
import { addChannelRoutes } from "./channel-routes.ts";
import { OriginRules } from "./origin-rules.ts";
import { sendProblem, toProblem } from "./problem.ts";
import { addProcessRoutes } from "./process-routes.ts";
import { setIdentity } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";

export interface ServerOptions {
  readonly broker: Broker;
  /** HMAC key of the tokens, at least 32 bytes. */
  readonly secret: Uint8Array;
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port?: number;
  /** Further addresses under which people reach this server. */
  readonly publicUrls?: readonly string[];
  /** A pino logger; without one nothing is logged. */
  readonly logger?: FastifyBaseLogger;
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
  /** Ends all streams with a reason from which clients come back, settles appends, and closes broker and port. Twice is harmless. */
  close(): Promise<void>;
}

const headerBytesMax = 16 * 1024;
const jsonBytesMax = 1024 * 1024;
// Ids and names are shorter; longer ones get their own refusal, not the router's.
const parameterLengthMax = 300;

export async function createServer(options: ServerOptions): Promise<Server> {
  const {
    broker,
    secret,
    host = "127.0.0.1",
    port = 0,
    publicUrls = [],
    logger,
    clock = systemClock,
  } = options;
  const { heartbeatMs = 15_000, stallMs = 30_000, graceMs = 5_000 } = options;
  const context: RouteContext = { broker, clock, heartbeatMs, stallMs, streams: new Set() };
  const app = createApp(logger);
  addGuards(app, new TokenVerifier(secret, clock), new OriginRules(publicUrls));
  addHealthRoutes(app, broker);
  addProcessRoutes(app, context);
  addChannelRoutes(app, context);
  await app.listen({ host, port });
  const { address, family, port: bound } = app.server.address() as AddressInfo;
  const url = `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  let closing: Promise<void> | undefined;
  return { url, close: () => (closing ??= shutDown(app, context, graceMs)) };
}

function createApp(logger: FastifyBaseLogger | undefined): FastifyInstance {
  const app: FastifyInstance = Fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: jsonBytesMax,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: parameterLengthMax },
    http: { maxHeaderSize: headerBytesMax },
    // Types of a query are text, and numbers of a body are numbers: nothing is turned into anything else.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(request, reply, toProblem(error, jsonBytesMax));
    },
  });
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body === "" ? undefined : parseJson(String(body)));
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error, request.routeOptions.bodyLimit);
    if (problem.code === "internal_error") request.log.error({ err: error }, "request failed");
    return sendProblem(request, reply, problem);
  });
  addNotFound(app);
  return app;
}

/** Tells a path that is unknown from one that is known with other methods. */
function addNotFound(app: FastifyInstance): void {
  const known: { readonly form: RegExp; readonly method: string }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    const form = new RegExp(`^${url.replaceAll(/:[a-z]+/g, "[^/]+")}$`);
    for (const one of [method].flat()) known.push({ form, method: one });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const allowed = known.filter(({ form }) => form.test(path)).map(({ method }) => method);
    const problem =
      allowed.length > 0
        ? new ChannelError("method_not_allowed", {
            method: request.method,
            allowed: allowed.join(", "),
          })
        : new ChannelError("route_not_found", { path: path.slice(0, 256) });
    return sendProblem(request, reply, problem);
  });
}

/** Name, origin and identity are looked at before anything of the body is. */
function addGuards(app: FastifyInstance, verifier: TokenVerifier, rules: OriginRules): void {
  app.addHook("onRequest", async (request) => {
    const { host, origin, authorization } = request.headers;
    rules.requireHost(host);
    rules.requireOrigin(request.method, origin, host);
    if (request.routeOptions.url?.startsWith("/v1/") !== true) return;
    try {
      setIdentity(request, await verifier.identify(authorization));
    } catch (error) {
      request.log.warn(
        {
          audit: {
            address: request.ip,
            action: request.method,
            code: (error as ChannelError).code,
          },
        },
        "refused",
      );
      throw error;
    }
  });
}

function addHealthRoutes(app: FastifyInstance, broker: Broker): void {
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const isReady = broker.isReady();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "not ready" });
  });
}

async function shutDown(
  app: FastifyInstance,
  { broker, clock, streams }: RouteContext,
  graceMs: number,
): Promise<void> {
  await broker.close();
  let timer: { cancel(): void } | undefined;
  const patience = new Promise<void>((resolve) => (timer = clock.after(graceMs, resolve)));
  await Promise.race([Promise.all(streams), patience]);
  timer?.cancel();
  await app.close();
}

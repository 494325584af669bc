import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ChannelError, isChannelError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { ConnectionLimit } from "./connection-limit.ts";
import type { OriginRules } from "./origin-rules.ts";
import { preflightHeaders } from "./origin-rules.ts";
import { RequestLife } from "./request-life.ts";
import type { RequestsUnderWay } from "./requests-under-way.ts";
import { integerOf } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { SharedBudget } from "./shared-budget.ts";
import { turnEnd } from "./turn-end.ts";

/** Refusals for want of authority that the broker does not know of. */
const audited: readonly ErrorCode[] = [
  "unauthenticated",
  "token_expired",
  "misdirected_request",
  "origin_refused",
];

/** Headers of every answer, unless it says otherwise. */
const defaultHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** Characters of an answer that is counted: what is smaller, the limit of requests bounds. */
const largeAnswerLength = 16 * 1024;

/** What is known of the connection that a request came by. */
interface Connections {
  readonly connections: ConnectionLimit;
  readonly underWay: RequestsUnderWay;
  /** Whether the request makes a socket of it. */
  readonly isUpgrade: (request: IncomingMessage) => boolean;
}

/** Everything that is looked at before a request's body is read, in this order, for every route. */
export class RequestGuard {
  readonly #context: RouteContext;
  readonly #rules: OriginRules;
  readonly #connections: ConnectionLimit;
  readonly #underWay: RequestsUnderWay;
  readonly #isUpgrade: Connections["isUpgrade"];
  readonly #requests: SharedBudget;
  /** Requests whose senders wait for a word before they send the body (RFC 9110 §10.1.1). */
  readonly #expecting = new WeakSet<IncomingMessage>();

  constructor(
    context: RouteContext,
    rules: OriginRules,
    { connections, underWay, isUpgrade }: Connections,
  ) {
    const { limits } = context;
    this.#context = context;
    this.#rules = rules;
    this.#connections = connections;
    this.#underWay = underWay;
    this.#isUpgrade = isUpgrade;
    this.#requests = new SharedBudget("requests under way", {
      total: limits.requests,
      perAddress: limits.requestsPerAddress,
    });
  }

  install(app: FastifyInstance): void {
    app.decorateRequest("identified", undefined);
    app.decorateRequest("life", null as never);
    app.decorateRequest("release", null as never);
    this.#connections.watch(app.server);
    app.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      this.#expecting.add(request);
      app.routing(request, response);
    });
    app.addHook("onRequest", async (request, reply) => {
      request.release = () => undefined;
      void reply.headers({ ...defaultHeaders, "x-request-id": request.id });
      await this.#admit(request, reply);
      if (this.#expecting.delete(request.raw)) reply.raw.writeContinue();
    });
    app.addHook("onSend", async (request, _reply, payload) => {
      // An answer that is not taken is held here: of large ones there must not be too many.
      if (typeof payload === "string" && payload.length > largeAnswerLength)
        request.life.whenOver(this.#context.answers.take(request.ip, payload.length));
      await turnEnd();
    });
    app.options("/*", { schema: { hide: true } }, async (_request, reply) =>
      reply.headers(preflightHeaders).code(204).send(),
    );
  }

  async #admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { host, origin } = request.headers;
    try {
      void reply.headers(this.#rules.headersFor(origin));
      this.#requirePlace(request, reply);
      this.#rules.requireHost(host);
      const isHarmless = !isChanging(request.method) && !this.#isUpgrade(request.raw);
      if (!isHarmless) this.#rules.requireOrigin(origin, host);
      this.#take(request);
      await this.#requireAccess(request);
    } catch (error) {
      // Whoever still sends a body hears of the refusal only if what he sends is taken and thrown away;
      // one that is longer than any that is taken, or that may not come at all, ends the connection.
      if (isTooLong(request) || this.#expecting.has(request.raw))
        void reply.header("connection", "close");
      this.#note(request, error);
      throw error;
    }
  }

  /** A connection too many is closed with its answer, and so is one that asks too much at once. */
  #requirePlace(request: FastifyRequest, reply: FastifyReply): void {
    try {
      const refusal = this.#connections.refusalOf(request.raw.socket);
      if (refusal !== undefined) throw refusal as Error;
      request.life = this.#underWay.begin(request.raw, reply.raw);
    } catch (error) {
      void reply.header("connection", "close");
      request.life = new RequestLife();
      request.life.end();
      throw error;
    }
  }

  #take(request: FastifyRequest): void {
    const releases = [this.#requests.take(request.ip)];
    request.release = () => releases.forEach((release) => release());
    request.life.whenOver(request.release);
    const bytes = announcedBytes(request);
    if (bytes > 0) releases.push(this.#context.bodies.take(request.ip, bytes));
  }

  async #requireAccess(request: FastifyRequest): Promise<void> {
    const { access = "anyone" } = request.routeOptions.config;
    if (access === "anyone") return;
    request.identified = await this.#context.authentication.identify(request);
    if (access === "identified") return;
    const { process, channel } = request.params as { process?: string; channel?: string };
    const { term } = request.query as { readonly term?: string };
    await this.#context.broker.requireAction(request.identified.caller, access, {
      processId: process,
      channel,
      term: integerOf("term", term),
    });
  }

  #note(request: FastifyRequest, error: unknown): void {
    if (!isChannelError(error) || !audited.includes(error.code)) return;
    const { access = "anyone" } = request.routeOptions.config;
    const { process } = request.params as { process?: string };
    this.#context.audit.note({
      address: request.ip,
      action: access,
      code: error.code,
      reason: error.message,
      ...(process === undefined ? {} : { processId: process.slice(0, 128) }),
    });
  }
}

/** A preflight asks for what changes something. */
function isChanging(method: string): boolean {
  return ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method);
}

function isTooLong({ headers, routeOptions }: FastifyRequest): boolean {
  return Number(headers["content-length"] ?? 0) > routeOptions.bodyLimit;
}

/** What the body may come to: a length that is announced, else all that the route takes. */
function announcedBytes(request: FastifyRequest): number {
  const { headers, routeOptions } = request;
  const { bodyLimit: limitBytes } = routeOptions;
  if (headers["transfer-encoding"] !== undefined) return limitBytes;
  const actualBytes = Number(headers["content-length"] ?? 0);
  if (!isTooLong(request)) return actualBytes;
  throw new ChannelError("message_too_large", { limitBytes, actualBytes });
}

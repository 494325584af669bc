import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import { ChannelError, isChannelError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { OriginRules } from "./origin-rules.ts";
import { preflightHeaders } from "./origin-rules.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import { integerOf } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { SharedBudget } from "./shared-budget.ts";

/** Refusals for want of authority that the broker does not know of. */
const audited: readonly ErrorCode[] = [
  "unauthenticated",
  "token_expired",
  "misdirected_request",
  "origin_refused",
];

/** How long a connection beyond the limit may take to hear why. */
const excessMs = 1_000;

/** Everything that is looked at before a request's body is read, in this order, for every route. */
export class RequestGuard {
  readonly #context: RouteContext;
  readonly #rules: OriginRules;
  readonly #proxies: TrustedProxies;
  readonly #connections: SharedBudget;
  readonly #requests: SharedBudget;
  readonly #bodies: SharedBudget;
  /** Connections that came when the limit was reached, with their refusal. */
  readonly #excess = new WeakMap<Socket, unknown>();

  constructor(context: RouteContext, rules: OriginRules, proxies: TrustedProxies) {
    const { limits } = context;
    this.#context = context;
    this.#rules = rules;
    this.#proxies = proxies;
    this.#connections = new SharedBudget("connections", {
      total: limits.connections,
      perAddress: limits.connectionsPerAddress,
    });
    this.#requests = new SharedBudget("requests under way", {
      total: limits.requests,
      perAddress: limits.requestsPerAddress,
    });
    this.#bodies = new SharedBudget("bytes of bodies under way", {
      total: limits.bodyBytes,
      perAddress: Math.ceil(limits.bodyBytes / 2),
    });
  }

  install(app: FastifyInstance): void {
    app.decorateRequest("identified", undefined);
    app.decorateRequest("release", null as never);
    app.server.on("connection", (socket: Socket) => this.#count(socket));
    app.addHook("onRequest", async (request, reply) => {
      request.release = () => undefined;
      void reply.header("x-request-id", request.id);
      await this.#admit(request, reply);
    });
    app.options("/*", { schema: { hide: true } }, async (_request, reply) =>
      reply.headers(preflightHeaders).code(204).send(),
    );
  }

  #count(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    // What comes through a proxy is counted by request, under the address that the proxy names.
    const key = this.#proxies.has(address) ? "" : address;
    try {
      const release = key === "" ? () => undefined : this.#connections.take(key);
      socket.once("close", release);
    } catch (error) {
      this.#excess.set(socket, error);
      socket.setTimeout(excessMs, () => socket.destroy());
    }
  }

  async #admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { host, origin } = request.headers;
    const { socket } = request.raw;
    try {
      void reply.headers(this.#rules.headersFor(origin));
      const excess = this.#excess.get(socket);
      if (excess !== undefined) throw excess as Error;
      this.#rules.requireHost(host);
      this.#rules.requireOrigin(request.method, origin, host);
      this.#take(request, reply);
      await this.#requireAccess(request);
    } catch (error) {
      // Whoever still sends a body hears of the refusal only if what he sends is taken and thrown away;
      // one that is longer than any that is taken ends the connection.
      if (isTooLong(request)) void reply.header("connection", "close");
      this.#note(request, error);
      throw error;
    }
  }

  #take(request: FastifyRequest, reply: FastifyReply): void {
    const releases = [this.#requests.take(request.ip)];
    request.release = () => releases.forEach((release) => release());
    reply.raw.once("close", request.release);
    const bytes = announcedBytes(request);
    if (bytes > 0) releases.push(this.#bodies.take(request.ip, bytes));
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

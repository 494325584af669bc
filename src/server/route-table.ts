import type { FastifyInstance } from "fastify";
import { ChannelError } from "../core/errors.ts";
import { sendProblem } from "./problem.ts";
import type { Access } from "./route-context.ts";

/** A way into the server, and what it asks of its caller. */
export interface Route {
  readonly method: string;
  /** With `:process` and the like in the place of names. */
  readonly path: string;
  readonly access: Access;
  readonly operationId: string;
  /** Whether it reads a body. */
  readonly takesBody: boolean;
  /** Names of its query. */
  readonly query: readonly string[];
}

/** Every route, as it is declared. One that does not say what it asks for cannot be declared. */
export class RouteTable {
  readonly #routes: Route[] = [];

  constructor(app: FastifyInstance) {
    app.addHook("onRoute", ({ url, method, schema, config }) => {
      for (const one of [method].flat()) {
        if (one === "OPTIONS") continue;
        const access = config?.access;
        if (access === undefined) throw new TypeError(`${one} ${url} does not say whom it lets in`);
        const {
          operationId = "",
          body,
          querystring,
        } = (schema ?? {}) as {
          operationId?: string;
          body?: unknown;
          querystring?: { readonly properties?: object };
        };
        this.#routes.push({
          method: one,
          path: url,
          access,
          operationId,
          takesBody: body !== undefined || config?.takes !== undefined,
          query: Object.keys(querystring?.properties ?? {}),
        });
      }
    });
    this.#addNotFound(app);
  }

  get routes(): readonly Route[] {
    return this.#routes;
  }

  /** Tells a path that is unknown from one that is known with other methods. */
  #addNotFound(app: FastifyInstance): void {
    app.setNotFoundHandler((request, reply) => {
      const path = request.url.split("?", 1)[0] ?? "";
      const allowed = this.#routes
        .filter((route) => formOf(route.path).test(path))
        .map(({ method }) => method);
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
}

function formOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:[a-z]+/g, "[^/]+")}$`);
}

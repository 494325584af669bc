import type { FastifyInstance } from "fastify";
import { StatusAnswer } from "./answer-schemas.ts";
import { operation } from "./operation.ts";
import type { RouteContext } from "./route-context.ts";

const config = { access: "anyone" } as const;

export function addHealthRoutes(app: FastifyInstance, { broker }: RouteContext): void {
  const health = operation("getHealth", "Whether the server runs.", {}, { 200: StatusAnswer });
  app.get("/healthz", { schema: health, config, exposeHeadRoute: true }, async () => ({
    status: "ok",
  }));

  const readiness = operation(
    "getReadiness",
    "Whether it takes work.",
    {},
    { 200: StatusAnswer, 503: StatusAnswer },
  );
  app.get("/readyz", { schema: readiness, config, exposeHeadRoute: true }, async (_, reply) => {
    const isReady = broker.isReady();
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "not ready" });
  });
}

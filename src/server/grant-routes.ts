import { randomBytes } from "node:crypto";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import type { GrantView } from "../core/broker/grants.ts";
import { encodeGrantValue } from "../protocol/grant-value.ts";
import { encodeGrant } from "../protocol/json-form.ts";
import { GrantAnswer, GrantsAnswer, NothingAnswer } from "./answer-schemas.ts";
import { hashSecret } from "./authentication.ts";
import { operation } from "./operation.ts";
import { callerOf, given } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { GrantBody, GrantParams, NoQuery, ProcessParams } from "./schemas.ts";

const path = "/v1/processes/:process/grants";
const secretBytes = 32;
const lifeSecondsDefault = 24 * 3600;
const config = { access: "share" } as const;

/** Only the hash of a grant's secret goes further than here: whoever reads the store cannot use it. */
export function addGrantRoutes(server: FastifyInstance, { broker, clock }: RouteContext): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const create = operation(
    "createGrant",
    "Give a part of the submitter's rights to whoever knows the answer's `grant`.",
    { params: ProcessParams, querystring: NoQuery, body: GrantBody },
    { 201: GrantAnswer },
  );
  app.post(path, { schema: create, config }, async (request, reply) => {
    const { process: processId } = request.params;
    const { ops, channels, expiresin = lifeSecondsDefault } = request.body;
    const secret = randomBytes(secretBytes).toString("base64url");
    const grant: GrantView = await broker.grants.create(callerOf(request), processId, {
      secretHash: hashSecret(secret),
      ops,
      expiresAt: clock.now() + expiresin * 1000,
      ...given({ channels }),
    });
    const value = encodeGrantValue({ grantId: grant.id, secret, processId });
    return reply.code(201).send({ ...encodeGrant(grant), grant: value });
  });

  const list = operation(
    "listGrants",
    "The grants of a process, without what their holders present.",
    { params: ProcessParams, querystring: NoQuery },
    { 200: GrantsAnswer },
  );
  app.get(path, { schema: list, config }, async (request) => {
    const grants = await broker.grants.list(callerOf(request), request.params.process);
    return { grants: grants.map(encodeGrant) };
  });

  const revoke = operation(
    "revokeGrant",
    "Take a grant away: its streams end, and nothing of its holder is added any more.",
    { params: GrantParams, querystring: NoQuery },
    { 204: NothingAnswer },
  );
  app.delete(`${path}/:grant`, { schema: revoke, config }, async (request, reply) => {
    const { process: processId, grant } = request.params;
    await broker.grants.revoke(callerOf(request), processId, grant);
    return reply.code(204).send();
  });
}

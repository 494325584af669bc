import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyInstance } from "fastify";
import { ChannelError } from "../core/errors.ts";
import { encodeTime } from "../protocol/json-form.ts";
import { CodeAnswer, SignInAnswer } from "./answer-schemas.ts";
import { operation } from "./operation.ts";
import { callerOf, given, identityOf } from "./route-context.ts";
import type { RouteContext } from "./route-context.ts";
import { NoQuery, SignInBody } from "./schemas.ts";
import type { SignInCodes } from "./sign-in-codes.ts";
import { mintToken } from "./token-minting.ts";

const sessionMsMax = 12 * 3600 * 1000;

/** A link to the console holds a code in its fragment; only the first who follows it gets in. */
export function addSignInRoutes(
  server: FastifyInstance,
  context: RouteContext,
  codes: SignInCodes,
): void {
  const app = server.withTypeProvider<TypeBoxTypeProvider>();
  const { authentication, audit, clock } = context;

  const create = operation(
    "createSignInCode",
    "A code for a link, which signs in once with the caller's rights.",
    { querystring: NoQuery },
    { 201: CodeAnswer },
  );
  app.post(
    "/v1/sign-in/codes",
    { schema: create, config: { access: "identified" } },
    async (request, reply) => {
      const { grant } = callerOf(request);
      if (grant !== undefined)
        throw new ChannelError("forbidden", { reason: "a grant is shared as it is" });
      requireSigningKey();
      const { code, expiresAt } = codes.create(identityOf(request));
      return reply.code(201).send({ code, expiresat: encodeTime(expiresAt) });
    },
  );

  const exchange = operation(
    "signIn",
    "Exchange a code for a token. It lives as long as the token that made the code, at most 12 hours.",
    { querystring: NoQuery, body: SignInBody },
    { 200: SignInAnswer },
  );
  app.post(
    "/v1/sign-in",
    { schema: exchange, config: { access: "anyone" } },
    async (request, reply) => {
      const { caller, expiresAt: knownUntil } = exchangeCode(request.body.code, request.ip);
      const now = clock.now();
      const expiresAt = Math.min(knownUntil, now + sessionMsMax);
      const { identity, isAdmin, narrowed } = caller;
      const { secret, issuer, audience } = requireSigningKey();
      const claims = { identity, isAdmin, ...narrowed, ...given({ issuer, audience }) };
      const token = await mintToken(secret, claims, { now, expiresAt });
      return reply.send({ token, identity, expiresat: encodeTime(expiresAt) });
    },
  );

  function exchangeCode(code: string, address: string): ReturnType<SignInCodes["exchange"]> {
    try {
      return codes.exchange(code);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "";
      audit.note({ address, action: "sign_in", code: "unauthenticated", reason });
      throw error;
    }
  }

  function requireSigningKey(): NonNullable<ReturnType<typeof authentication.signingKey>> {
    const key = authentication.signingKey();
    if (key !== undefined) return key;
    throw new ChannelError("forbidden", { reason: "this server signs no tokens of its own" });
  }
}

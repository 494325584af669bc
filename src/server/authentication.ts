import { createHash } from "node:crypto";
import { errors, jwtVerify } from "jose";
import type { JWTPayload } from "jose";
import type { Caller } from "../core/broker/caller.ts";
import { ChannelError } from "../core/errors.ts";
import type { GrantOp } from "../core/process-record.ts";
import type { Clock } from "../core/system.ts";

/** A caller, and until when it is known to be one. */
export interface Identified {
  readonly caller: Caller;
  /** Wall time in milliseconds since 1970. */
  readonly expiresAt: number;
}

const cachedTokensMax = 10_000;
const secretBytesMin = 32;
const identityLengthMax = 256;
const controlCharacters = /\p{Cc}/u;
const grantOps: readonly unknown[] = ["read", "append", "cancel"] satisfies readonly GrantOp[];

/**
 * Verifies bearer tokens: JWTs (RFC 7519) signed with HS256 and nothing else, so that no token chooses how
 * it is checked. A verified one is remembered by its hash until it expires: checking costs as much as a request.
 */
export class TokenVerifier {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  readonly #verified = new Map<string, Identified>();

  constructor(secret: Uint8Array, clock: Clock) {
    if (secret.byteLength < secretBytesMin)
      throw new RangeError(`the secret must have at least ${secretBytesMin} bytes`);
    this.#secret = secret;
    this.#clock = clock;
  }

  /** From the Authorization header. Errors: `unauthenticated`, `token_expired`. */
  async identify(authorization: string | undefined): Promise<Identified> {
    if (authorization === undefined)
      throw new ChannelError("unauthenticated", { reason: "no bearer token" });
    const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined)
      throw new ChannelError("unauthenticated", {
        reason: "the Authorization header is not a bearer token",
      });
    const hash = createHash("sha256").update(token).digest("base64");
    const known = this.#verified.get(hash);
    if (known !== undefined) {
      if (known.expiresAt > this.#clock.now()) return known;
      this.#verified.delete(hash);
      throw new ChannelError("token_expired", { expiredAt: known.expiresAt });
    }
    const identified = await this.#verify(token);
    if (this.#verified.size >= cachedTokensMax)
      this.#verified.delete(this.#verified.keys().next().value ?? "");
    this.#verified.set(hash, identified);
    return identified;
  }

  async #verify(token: string): Promise<Identified> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: ["HS256"],
        requiredClaims: ["sub", "exp"],
        currentDate: new Date(this.#clock.now()),
      });
      return { caller: callerOf(payload), expiresAt: (payload.exp ?? 0) * 1000 };
    } catch (error) {
      if (error instanceof ChannelError) throw error;
      if (error instanceof errors.JWTExpired) {
        throw new ChannelError(
          "token_expired",
          { expiredAt: (error.payload.exp ?? 0) * 1000 },
          { cause: error },
        );
      }
      throw new ChannelError(
        "unauthenticated",
        { reason: "the token is not valid here" },
        { cause: error },
      );
    }
  }
}

/** Claims that cannot be understood refuse the token: ignoring one would widen it. */
function callerOf(payload: JWTPayload): Caller {
  const { sub, scope, process, channels, ops } = payload;
  if (
    typeof sub !== "string" ||
    sub === "" ||
    sub.length > identityLengthMax ||
    controlCharacters.test(sub)
  )
    return refuseClaim("sub");
  if (scope !== undefined && typeof scope !== "string") return refuseClaim("scope");
  if (process !== undefined && typeof process !== "string") return refuseClaim("process");
  if (channels !== undefined && !isTexts(channels)) return refuseClaim("channels");
  if (ops !== undefined && !(isTexts(ops) && ops.every((op) => grantOps.includes(op))))
    return refuseClaim("ops");
  const narrowed = {
    ...(process === undefined ? {} : { processId: process }),
    ...(channels === undefined ? {} : { channels }),
    ...(ops === undefined ? {} : { ops: ops as readonly GrantOp[] }),
  };
  const isAdmin = scope?.split(" ").includes("admin") === true;
  return { identity: sub, isAdmin, ...(Object.keys(narrowed).length === 0 ? {} : { narrowed }) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function refuseClaim(claim: string): never {
  throw new ChannelError("unauthenticated", { reason: `the token's claim ${claim} is not valid` });
}

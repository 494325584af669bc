import { hash } from "node:crypto";
import { decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { JWTPayload } from "jose";
import type { Caller } from "../core/broker/caller.ts";
import { grantIdentityPrefix } from "../core/broker/grants.ts";
import { ChannelError, isChannelError, unavailable } from "../core/errors.ts";
import type { GrantOp } from "../core/process-record.ts";
import type { Clock } from "../core/system.ts";
import { prepareKey } from "./token-keys.ts";
import type { TokenKey, VerificationKey } from "./token-keys.ts";

/** A caller, and until when it is known to be one. */
export interface Identified {
  readonly caller: Caller;
  /** Wall time in milliseconds since 1970. */
  readonly expiresAt: number;
}

const cachedTokensMax = 10_000;
/** How far the clocks of those who issue tokens may be off. */
const clockToleranceSeconds = 5;
const identityLengthMax = 256;
const controlCharacters = /\p{Cc}/u;
const grantOps: readonly unknown[] = ["read", "append", "cancel"] satisfies readonly GrantOp[];

/**
 * Verifies JWTs (RFC 7519) with keys whose algorithms are fixed. A verified token is remembered by its
 * hash until it expires or the keys change: checking costs as much as a request.
 */
export class TokenVerifier {
  readonly #clock: Clock;
  readonly #verified = new Map<string, Identified>();
  #keys: readonly VerificationKey[];

  /** Throws `RangeError` or `TypeError` for keys that cannot be used. */
  constructor(keys: readonly TokenKey[], clock: Clock) {
    this.#clock = clock;
    this.#keys = keys.map(prepareKey);
  }

  /** From now on only these count, also for tokens that were verified with others. */
  replaceKeys(keys: readonly TokenKey[]): void {
    this.#keys = keys.map(prepareKey);
    this.#verified.clear();
  }

  /** Errors: `unauthenticated`, `token_expired`, `unavailable` where a key set cannot be fetched. */
  async identify(token: string): Promise<Identified> {
    const digest = hash("sha256", token, "base64");
    const known = this.#verified.get(digest);
    if (known !== undefined) {
      if (known.expiresAt > this.#clock.now()) return known;
      this.#verified.delete(digest);
    }
    const keys = this.#keys;
    const identified = await this.#verify(token);
    // Keys that were replaced meanwhile must not leave their tokens behind.
    if (keys !== this.#keys) return await this.identify(token);
    if (this.#verified.size >= cachedTokensMax)
      this.#verified.delete(this.#verified.keys().next().value ?? "");
    this.#verified.set(digest, identified);
    return identified;
  }

  async #verify(token: string): Promise<Identified> {
    const algorithm = algorithmOf(token);
    const now = this.#clock.now();
    let refusal: ChannelError | undefined;
    for (const key of this.#keys) {
      if (!key.algorithms.includes(algorithm) || key.validUntil <= now) continue;
      try {
        const payload = await verifyWith(key, token, now);
        const expiresAt = Math.min((payload.exp ?? 0) * 1000, key.validUntil);
        if (expiresAt <= now) throw new ChannelError("token_expired", { expiredAt: expiresAt });
        return { caller: callerOf(payload), expiresAt };
      } catch (error) {
        refusal = moreTelling(refusal, refusalOf(error));
      }
    }
    throw (
      refusal ??
      new ChannelError("unauthenticated", { reason: "no key here verifies such a token" })
    );
  }
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? "none";
  } catch (error) {
    throw new ChannelError(
      "unauthenticated",
      { reason: "this is no token of this server" },
      { cause: error },
    );
  }
}

async function verifyWith(key: VerificationKey, token: string, now: number): Promise<JWTPayload> {
  const { material, algorithms, issuer, audience } = key;
  const options = {
    algorithms: [...algorithms],
    requiredClaims: ["sub", "exp"],
    currentDate: new Date(now),
    clockTolerance: clockToleranceSeconds,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
  const { payload } =
    typeof material === "function"
      ? await jwtVerify(token, material, options)
      : await jwtVerify(token, material, options);
  return payload;
}

function refusalOf(error: unknown): ChannelError {
  if (isChannelError(error)) return error;
  if (error instanceof errors.JWTExpired)
    return new ChannelError(
      "token_expired",
      { expiredAt: (error.payload.exp ?? 0) * 1000 },
      { cause: error },
    );
  if (error instanceof errors.JWTClaimValidationFailed)
    return new ChannelError(
      "unauthenticated",
      { reason: `the token's claim ${error.claim} is not valid here` },
      { cause: error },
    );
  // A set without the token's key was fetched; without a set nothing is known of the token.
  const isKnown = error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout);
  if (isKnown && error.code !== "ERR_JOSE_GENERIC")
    return new ChannelError(
      "unauthenticated",
      { reason: "the token is not valid here" },
      { cause: error },
    );
  return unavailable("the keys of the token's issuer cannot be fetched", error);
}

/** Of what several keys say: the most certain, then what can be mended. */
function moreTelling(a: ChannelError | undefined, b: ChannelError): ChannelError {
  const rank = ({ code }: ChannelError): number =>
    ["token_expired", "unavailable", "unauthenticated"].indexOf(code);
  return a === undefined || rank(b) < rank(a) ? b : a;
}

/** Claims that cannot be understood refuse the token: ignoring one would widen it. */
function callerOf(payload: JWTPayload): Caller {
  const { sub, scope, process, channels, ops } = payload;
  if (
    typeof sub !== "string" ||
    sub === "" ||
    sub.length > identityLengthMax ||
    sub.startsWith(grantIdentityPrefix) ||
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

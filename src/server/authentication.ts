import { hash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { GrantAccess } from "../core/broker/grant-access.ts";
import { ChannelError, isChannelError } from "../core/errors.ts";
import { pause } from "../core/system.ts";
import type { Clock } from "../core/system.ts";
import { decodeGrantValue } from "../protocol/grant-value.ts";
import type { TokenKey } from "./token-keys.ts";
import { TokenVerifier } from "./token-verifier.ts";
import type { Identified } from "./token-verifier.ts";

/** Keys that may be replaced while the server runs. */
export interface KeySource {
  readonly keys: readonly TokenKey[];
  /** The keys if they have changed; asked every 10 s, and when a token fits none, ten times a second at most. */
  readonly reload?: (() => Promise<readonly TokenKey[] | undefined>) | undefined;
}

const reloadIntervalMs = 10_000;
const reloadIntervalMsMin = 100;

/** Who sends a request: the holder of a token, or of a grant. */
export class Authentication {
  readonly #source: KeySource;
  #keys: readonly TokenKey[];
  readonly #verifier: TokenVerifier;
  readonly #grants: GrantAccess;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #reloadedAtMs: number;
  #timer: { cancel(): void } | undefined;
  /** The next reading, for which those wait whose token fits no key. */
  #awaited: Promise<void> | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    source: KeySource,
    grants: GrantAccess,
    clock: Clock,
    onError: (error: unknown) => void,
  ) {
    this.#source = source;
    this.#keys = source.keys;
    this.#verifier = new TokenVerifier(source.keys, clock);
    this.#grants = grants;
    this.#clock = clock;
    this.#onError = onError;
    this.#reloadedAtMs = clock.monotonicMs();
    this.#reloadLater();
  }

  /**
   * By the Authorization header, or by `grant` of the query for those who cannot set one. Errors:
   * `unauthenticated`, `token_expired`, `unavailable`.
   */
  async identify({
    headers,
    query,
  }: Pick<FastifyRequest, "headers" | "query">): Promise<Identified> {
    const { authorization } = headers;
    const { grant } = query as { readonly grant?: unknown };
    if (authorization === undefined && grant === undefined)
      throw new ChannelError("unauthenticated", { reason: "no bearer token" });
    if (authorization !== undefined && grant !== undefined)
      throw new ChannelError("unauthenticated", { reason: "both a token and a grant were sent" });
    if (authorization === undefined) {
      if (typeof grant === "string") return await this.#identifyHolder(grant);
      throw new ChannelError("unauthenticated", { reason: "more than one grant was sent" });
    }
    const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1];
    if (token === undefined)
      throw new ChannelError("unauthenticated", {
        reason: "the Authorization header is not a bearer token",
      });
    return await this.identifyBearer(token);
  }

  /** By a token, or the value of a grant. Errors: as `identify`. */
  async identifyBearer(token: string): Promise<Identified> {
    return decodeGrantValue(token) === undefined
      ? await this.#identifyToken(token)
      : await this.#identifyHolder(token);
  }

  /** What this server signs tokens with, if it may. */
  signingKey(): Extract<TokenKey, { kind: "hmac" }> | undefined {
    for (const key of this.#keys)
      if (key.kind === "hmac" && key.validUntil === undefined) return key;
    return undefined;
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #identifyHolder(value: string): Promise<Identified> {
    const grant = decodeGrantValue(value);
    if (grant === undefined)
      throw new ChannelError("unauthenticated", { reason: "this is no grant of this server" });
    const { processId, grantId, secret } = grant;
    return await this.#grants.identify(processId, { grantId, secretHash: hashSecret(secret) });
  }

  async #identifyToken(token: string): Promise<Identified> {
    try {
      return await this.#verifier.identify(token);
    } catch (error) {
      // It may be signed by a secret that is newer than what was read.
      if (!isChannelError(error, "unauthenticated") || this.#source.reload === undefined)
        throw error;
      await (this.#awaited ??= this.#reloadSoon());
      return await this.#verifier.identify(token);
    }
  }

  /** As soon as it may be: strangers with forged tokens do not decide how often files are read. */
  async #reloadSoon(): Promise<void> {
    const restMs = this.#reloadedAtMs + reloadIntervalMsMin - this.#clock.monotonicMs();
    if (restMs > 0) await pause(this.#clock, restMs);
    // Whoever comes from here on may know of something that is newer than what is read now.
    this.#awaited = undefined;
    await this.#reload();
  }

  /** One after the other: what was read last is what counts. */
  #reload(): Promise<void> {
    this.#reloadedAtMs = this.#clock.monotonicMs();
    return (this.#reading = this.#reading.then(() => this.#readKeys()));
  }

  async #readKeys(): Promise<void> {
    try {
      const keys = await this.#source.reload?.();
      if (keys === undefined) return;
      this.#verifier.replaceKeys(keys);
      this.#keys = keys;
    } catch (error) {
      // What was valid stays valid: a file that is being replaced must not lock everyone out.
      this.#onError(error);
    }
  }

  #reloadLater(): void {
    if (this.#source.reload === undefined) return;
    this.#timer = this.#clock.after(reloadIntervalMs, () => {
      void this.#reload().then(() => {
        if (this.#timer !== undefined) this.#reloadLater();
      });
    });
  }
}

/** Grants and codes are random: what is kept of them need not be slow to make. */
export function hashSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

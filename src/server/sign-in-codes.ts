import { randomBytes } from "node:crypto";
import { ChannelError } from "../core/errors.ts";
import type { Clock } from "../core/system.ts";
import { hashSecret } from "./authentication.ts";
import type { Identified } from "./token-verifier.ts";

const codeBytes = 32;
const codeLifeMs = 300_000;
const codesMax = 1_000;
/** Of one identity: it must not push out the codes of others. */
const codesPerIdentity = 10;

/**
 * Codes that stand for whoever made them, once: for a link that may be seen by others later. They live in
 * this server only, and are kept hashed.
 */
export class SignInCodes {
  readonly #clock: Clock;
  readonly #codes = new Map<string, { readonly maker: Identified; readonly expiresAt: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  create(maker: Identified): { readonly code: string; readonly expiresAt: number } {
    const now = this.#clock.now();
    for (const [hash, { expiresAt }] of this.#codes) {
      if (expiresAt > now && this.#codes.size < codesMax) break;
      this.#codes.delete(hash);
    }
    this.#dropOldestOf(maker.caller.identity);
    const code = randomBytes(codeBytes).toString("base64url");
    const expiresAt = Math.min(now + codeLifeMs, maker.expiresAt);
    this.#codes.set(hashSecret(code), { maker, expiresAt });
    return { code, expiresAt };
  }

  #dropOldestOf(identity: string): void {
    const own = [...this.#codes].filter(([, { maker }]) => maker.caller.identity === identity);
    if (own.length >= codesPerIdentity) this.#codes.delete(own[0]?.[0] ?? "");
  }

  /** Who made the code, which is used up by it. Errors: `unauthenticated`. */
  exchange(code: string): Identified {
    const hash = hashSecret(code);
    const found = this.#codes.get(hash);
    this.#codes.delete(hash);
    if (found !== undefined && found.expiresAt > this.#clock.now()) return found.maker;
    throw new ChannelError("unauthenticated", {
      reason: "the code was used, has expired, or was never made",
    });
  }
}

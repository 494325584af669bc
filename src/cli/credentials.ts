import { decodeJwt } from "jose/jwt/decode";
import { grantIdentityPrefix } from "../core/broker/grants.ts";
import type { System } from "../core/system.ts";
import { decodeGrantValue } from "../protocol/grant-value.ts";
import { mintToken, type TokenClaims } from "../server/token-minting.ts";
import { CommandError, ExitCode } from "./exit-code.ts";
import {
  commandTokenSeconds,
  localIdentity,
  programIdentity,
  programTokenSeconds,
  sessionTokenSeconds,
} from "./local-token.ts";

/** Who a command is to the server. */
export interface Credentials {
  readonly identity: string;
  /** A token that is valid for a while yet, or undefined if there is none. */
  token(): Promise<string | undefined>;
  /** The same for a session in a browser, which goes on after this command. */
  forSession(): Credentials;
  /** Who `run` is while it executes a program. */
  asProgram(processId: string): Credentials;
  /** What the program itself gets in its environment. */
  programToken(processId: string): Promise<string | undefined>;
}

/** A token that was given cannot be narrowed or renewed here: everything is done in its name. */
export class GivenCredentials implements Credentials {
  readonly identity: string;
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
    this.identity = identityOf(token);
  }

  token(): Promise<string> {
    return Promise.resolve(this.#token);
  }

  forSession(): Credentials {
    return this;
  }

  asProgram(): Credentials {
    return this;
  }

  programToken(): Promise<string> {
    return this.token();
  }
}

function identityOf(token: string): string {
  const grant = decodeGrantValue(token);
  if (grant !== undefined) return `${grantIdentityPrefix}${grant.grantId}`;
  try {
    const { sub } = decodeJwt(token);
    if (sub !== undefined) return sub;
  } catch (error) {
    throw new CommandError("JOBWIRE_TOKEN is not a token", ExitCode.refused, { cause: error });
  }
  throw new CommandError("JOBWIRE_TOKEN names no identity", ExitCode.refused);
}

/** The secret that the server on this machine signs with now: it may be replaced while a command runs. */
export type SecretSource = () => Promise<Uint8Array>;

/** Tokens made from the secret of the server on the same machine, whose owner is its administrator. */
export class LocalCredentials implements Credentials {
  readonly identity: string;
  readonly #secret: SecretSource;
  readonly #claims: TokenClaims;
  readonly #lifeSeconds: number;
  readonly #system: System;
  #minted: { readonly token: string; readonly renewAtMs: number } | undefined;

  constructor(
    secret: SecretSource,
    system: System,
    claims: TokenClaims = { identity: localIdentity(), isAdmin: true },
    lifeSeconds = commandTokenSeconds,
  ) {
    this.#secret = secret;
    this.#system = system;
    this.#claims = claims;
    this.#lifeSeconds = lifeSeconds;
    this.identity = claims.identity;
  }

  async token(): Promise<string> {
    const nowMs = this.#system.clock.monotonicMs();
    if (this.#minted === undefined || this.#minted.renewAtMs <= nowMs) {
      const token = await this.#mint(this.#claims, this.#lifeSeconds);
      this.#minted = { token, renewAtMs: nowMs + (this.#lifeSeconds * 1000) / 2 };
    }
    return this.#minted.token;
  }

  forSession(): Credentials {
    return new LocalCredentials(this.#secret, this.#system, this.#claims, sessionTokenSeconds);
  }

  asProgram(processId: string): Credentials {
    return new LocalCredentials(this.#secret, this.#system, {
      identity: programIdentity(processId),
      processId,
    });
  }

  /** Reading and writing only: the outcome is told by the program's exit. */
  async programToken(processId: string): Promise<string> {
    const claims: TokenClaims = {
      identity: programIdentity(processId),
      processId,
      ops: ["read", "append"],
    };
    return await this.#mint(claims, programTokenSeconds);
  }

  async #mint(claims: TokenClaims, lifeSeconds: number): Promise<string> {
    const now = this.#system.clock.now();
    return await mintToken(await this.#secret(), claims, {
      now,
      expiresAt: now + lifeSeconds * 1000,
    });
  }
}

/** Where nobody is known: the server's answer says what is missing. */
export const noCredentials: Credentials = {
  identity: "",
  token: () => Promise.resolve(undefined),
  forSession: () => noCredentials,
  asProgram: () => noCredentials,
  programToken: () => Promise.resolve(undefined),
};

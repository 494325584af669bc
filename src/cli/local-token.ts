import { userInfo } from "node:os";
import { SignJWT } from "jose";
import type { GrantOp } from "../core/process-record.ts";

/** What a token says of its holder; PROTOCOL.md says what the server makes of it. */
export interface TokenClaims {
  readonly identity: string;
  readonly isAdmin?: boolean;
  readonly processId?: string;
  readonly ops?: readonly GrantOp[];
}

/** Short: a command that runs longer makes itself a new one. */
export const commandTokenSeconds = 600;

/** A program cannot be given a new one while it runs. Useless once its process is closed, but for reading. */
export const programTokenSeconds = 30 * 24 * 3600;

/** Signed by the secret of this machine's server. */
export async function mintToken(
  secret: Uint8Array,
  { identity, isAdmin = false, processId, ops }: TokenClaims,
  { now, lifeSeconds }: { readonly now: number; readonly lifeSeconds: number },
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    ...(isAdmin ? { scope: "admin" } : {}),
    ...(processId === undefined ? {} : { process: processId }),
    ...(ops === undefined ? {} : { ops: [...ops] }),
  };
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(identity)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifeSeconds)
    .sign(secret);
}

/** The person at this terminal, as the server on the same machine knows him. */
export function localIdentity(): string {
  try {
    return `user:${userInfo().username}`;
  } catch {
    // A container may run under a number that has no name.
    return `user:${process.getuid?.() ?? "unknown"}`;
  }
}

/** The program that `run` runs: apart from the person who started it. */
export function programIdentity(processId: string): string {
  return `run:${processId}`;
}

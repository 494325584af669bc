import { SignJWT } from "jose/jwt/sign";
import type { GrantOp } from "../core/process-record.ts";

/** What a token says of its holder; PROTOCOL.md says what the server makes of it. */
export interface TokenClaims {
  readonly identity: string;
  readonly isAdmin?: boolean;
  readonly processId?: string;
  readonly channels?: readonly string[];
  readonly ops?: readonly GrantOp[];
  readonly issuer?: string;
  readonly audience?: string;
}

/** A token signed by a server's own secret. Times are wall time in milliseconds since 1970. */
export async function mintToken(
  secret: Uint8Array,
  { identity, isAdmin = false, processId, channels, ops, issuer, audience }: TokenClaims,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Promise<string> {
  const claims = {
    ...(isAdmin ? { scope: "admin" } : {}),
    ...(processId === undefined ? {} : { process: processId }),
    ...(channels === undefined ? {} : { channels: [...channels] }),
    ...(ops === undefined ? {} : { ops: [...ops] }),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(audience === undefined ? {} : { aud: audience }),
  };
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(identity)
    .setIssuedAt(Math.floor(now / 1000))
    .setExpirationTime(Math.floor(expiresAt / 1000))
    .sign(secret);
}

import { ChannelError, invalidArgument } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import type { Grant, GrantOp, ProcessRecord } from "../process-record.ts";
import type { Caller } from "./caller.ts";

/** What a grant's maker decides. The secret is made by the door, which hands over its hash only. */
export interface GrantSpec {
  readonly secretHash: string;
  /** Names of channels; left out: all, also of `get`. */
  readonly channels?: readonly string[];
  readonly ops: readonly GrantOp[];
  /** Wall time in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A grant as its makers see it: without anything of the secret. */
export type GrantView = Omit<Grant, "secretHash">;

/** Who holds a grant is called by its id wherever senders are named. */
export const grantIdentityPrefix = "grant:";

const grantIdLength = 12;
const grantOps: readonly unknown[] = ["read", "append", "cancel"] satisfies readonly GrantOp[];

/** The record with one more grant; expired ones make room. Throws `invalid_argument`, `channel_not_found`, `too_many_grants`. */
export function withGrant(
  record: ProcessRecord,
  grant: Grant,
  { grantsPerProcess }: BrokerLimits,
): ProcessRecord {
  for (const name of grant.channels ?? []) {
    if (!record.channels.some((channel) => channel.name === name))
      throw new ChannelError("channel_not_found", { processId: record.id, channel: name });
  }
  const kept = record.grants.filter(({ expiresAt }) => expiresAt > grant.createdAt);
  if (kept.length >= grantsPerProcess) {
    throw new ChannelError("too_many_grants", {
      processId: record.id,
      limitGrants: grantsPerProcess,
    });
  }
  return { ...record, grants: [...kept, grant] };
}

export function createGrant(
  caller: Caller,
  spec: GrantSpec,
  place: {
    readonly limits: BrokerLimits;
    readonly now: number;
    readonly randomId: (length: number) => string;
  },
): Grant {
  const { channels, expiresAt, secretHash } = spec;
  const ops = [...new Set(spec.ops)];
  if (ops.length === 0 || !ops.every((op) => grantOps.includes(op)))
    throw invalidArgument("ops", "one or more of read, append, cancel");
  if (channels?.length === 0)
    throw invalidArgument("channels", "one or more names, or left out for all");
  const { grantLifeMsMax } = place.limits;
  if (!(expiresAt > place.now && expiresAt <= place.now + grantLifeMsMax)) {
    throw invalidArgument(
      "expiresAt",
      `a time after now and within ${Math.floor(grantLifeMsMax / 86_400_000)} days`,
    );
  }
  return {
    id: place.randomId(grantIdLength),
    secretHash,
    ...(channels === undefined ? {} : { channels: [...new Set(channels)] }),
    ops,
    expiresAt,
    createdAt: place.now,
    createdBy: caller.identity,
  };
}

export function createGrantView({ secretHash: _secret, ...view }: Grant): GrantView {
  return view;
}

/**
 * Whoever knows a grant's secret. Comparing hashes tells nothing of a secret, however long it takes.
 * Throws `unauthenticated` for one that is not there, `token_expired`.
 */
export function identifyGrantHolder(
  record: ProcessRecord | undefined,
  { grantId, secretHash }: { readonly grantId: string; readonly secretHash: string },
  now: number,
): { readonly caller: Caller; readonly expiresAt: number } {
  const grant = record?.grants.find(({ id }) => id === grantId);
  if (record === undefined || grant?.secretHash !== secretHash)
    throw new ChannelError("unauthenticated", { reason: "the grant was revoked or never made" });
  const { expiresAt } = grant;
  if (expiresAt <= now) throw new ChannelError("token_expired", { expiredAt: expiresAt });
  const identity = `${grantIdentityPrefix}${grantId}`;
  return {
    caller: { identity, isAdmin: false, grant: { processId: record.id, grantId } },
    expiresAt,
  };
}

import { ChannelError } from "../errors.ts";
import type { Grant, GrantOp, ProcessRecord, ResolvedChannelSpec } from "../process-record.ts";
import type { Caller } from "./caller.ts";

/** What a caller is to a process. A candidate is named in `executors` while nobody has the role. */
type Role = "submitter" | "executor" | "candidate" | "admin" | "grant";

/** What is done to a process. `share`: make, list and revoke grants. */
export type ProcessAction =
  | "get"
  | "read"
  | "append"
  | "assign"
  | "assign_self"
  | "renew"
  | "cancel"
  | "close"
  | "delete"
  | "share";

/** `create` and `list` are about no process that is there, `back_up` is about all of them. */
export type Action = ProcessAction | "create" | "list" | "back_up";

/** Who may what: the one place. A grant's rights are those of its ops besides. */
const permitted: Readonly<Record<ProcessAction, readonly Role[]>> = {
  get: ["submitter", "executor", "candidate", "admin", "grant"],
  read: ["submitter", "executor", "admin", "grant"],
  append: ["submitter", "executor", "grant"],
  assign: ["submitter", "admin"],
  // An executor that was restarted takes its role anew, which fences the life before.
  assign_self: ["submitter", "executor", "admin", "candidate"],
  renew: ["executor", "admin"],
  cancel: ["submitter", "admin", "grant"],
  close: ["executor", "submitter", "admin"],
  delete: ["submitter", "admin"],
  share: ["submitter", "admin"],
};

/** The right that a grant or a narrowed token must name for an action; actions without one need a whole token. */
const opOfAction: Partial<Record<ProcessAction, GrantOp>> = {
  get: "read",
  read: "read",
  append: "append",
  cancel: "cancel",
};

function rolesOf(caller: Caller, record: ProcessRecord): readonly Role[] {
  if (caller.grant !== undefined) return caller.grant.processId === record.id ? ["grant"] : [];
  const roles: Role[] = [];
  if (caller.isAdmin) roles.push("admin");
  // An empty id stands for nobody and lets nobody in.
  if (caller.identity === "") return roles;
  if (caller.identity === record.submitterId) roles.push("submitter");
  if (caller.identity === record.executorId) roles.push("executor");
  if (record.state === "waiting" && record.executors.includes(caller.identity))
    roles.push("candidate");
  return roles;
}

/** Undefined if the caller may do this, else why not. */
export function refusalOf(
  action: ProcessAction,
  caller: Caller,
  record: ProcessRecord,
  { channel, now }: { readonly channel?: ResolvedChannelSpec; readonly now: number },
): string | undefined {
  const op = opOfAction[action];
  const { narrowed } = caller;
  if (narrowed?.processId !== undefined && narrowed.processId !== record.id)
    return "the token is for another process";
  if (narrowed?.ops !== undefined && (op === undefined || !narrowed.ops.includes(op))) {
    return `the token does not permit ${op ?? action}`;
  }
  if (channel !== undefined && narrowed?.channels?.includes(channel.name) === false)
    return "the token is for other channels";
  const roles = rolesOf(caller, record).filter((role) => permitted[action].includes(role));
  if (roles.length === 0) return `${action} needs to be ${listed(permitted[action])}`;
  if (caller.grant !== undefined) {
    const grant = record.grants.find(({ id }) => id === caller.grant?.grantId);
    const refusal = refusalOfGrant(grant, op, channel, now);
    if (refusal !== undefined) return refusal;
  }
  if (action === "append" && channel !== undefined) return refusalOfWriter(roles, channel);
  return undefined;
}

function refusalOfGrant(
  grant: Grant | undefined,
  op: GrantOp | undefined,
  channel: ResolvedChannelSpec | undefined,
  now: number,
): string | undefined {
  if (grant === undefined) return "the grant was revoked";
  if (grant.expiresAt <= now) return "the grant has expired";
  if (op === undefined || !grant.ops.includes(op))
    return `the grant does not permit ${op ?? "this"}`;
  if (channel !== undefined && grant.channels?.includes(channel.name) === false)
    return "the grant is for other channels";
  return undefined;
}

/** A grant writes on the submitter's side. */
function refusalOfWriter(
  roles: readonly Role[],
  { writers }: ResolvedChannelSpec,
): string | undefined {
  if (writers === "both" || roles.includes(writers)) return undefined;
  if (writers === "submitter" && roles.includes("grant")) return undefined;
  return `only the ${writers} appends to this channel`;
}

function listed(roles: readonly Role[]): string {
  return roles.join(" or ");
}

/** Anyone creates for himself; a grant or a token for one process or for some ops creates nothing. Throws `forbidden`. */
export function requireCreate(caller: Caller, submitterId: string): void {
  const { grant, narrowed, identity, isAdmin } = caller;
  const mayCreate =
    grant === undefined && narrowed?.processId === undefined && narrowed?.ops === undefined;
  if (!mayCreate)
    throw new ChannelError("forbidden", { reason: "create needs a token that is not narrowed" });
  if (submitterId !== identity && !isAdmin)
    throw new ChannelError("forbidden", { reason: "create for others needs admin" });
}

/** For what is about all processes: an administrator whose token is not narrowed. Throws `forbidden`. */
export function requireAdministrator({ isAdmin, grant, narrowed }: Caller): void {
  const isNarrowed = Object.values(narrowed ?? {}).some((part) => part !== undefined);
  if (isAdmin && grant === undefined && !isNarrowed) return;
  throw new ChannelError("forbidden", {
    reason: "this needs an administrator's token that is not narrowed",
  });
}

/** Throws `forbidden`. */
export function requireProcessAction(
  action: ProcessAction,
  caller: Caller,
  record: ProcessRecord,
  now: number,
): void {
  const reason = refusalOf(action, caller, record, { now });
  if (reason !== undefined) throw new ChannelError("forbidden", { reason });
}

/** Throws `unauthorized`. */
export function requireChannelAction(
  action: "read" | "append",
  caller: Caller,
  record: ProcessRecord,
  channel: ResolvedChannelSpec,
  now: number,
): void {
  const reason = refusalOf(action, caller, record, { channel, now });
  if (reason !== undefined)
    throw new ChannelError("unauthorized", { identity: caller.identity, reason });
}

/** Throws `process_not_waiting` for a candidate who comes after another one. */
export function requireFree(caller: Caller, record: ProcessRecord, now: number): void {
  const isLate = record.state === "running" && record.executors.includes(caller.identity);
  if (!isLate || record.executorId === caller.identity) return;
  if (refusalOf("assign", caller, record, { now }) === undefined) return;
  throw new ChannelError("process_not_waiting", { processId: record.id, state: record.state });
}

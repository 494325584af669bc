import { requireSafeInteger } from "../entry.ts";
import { ChannelError, invalidArgument } from "../errors.ts";
import type { BrokerLimits } from "../limits.ts";
import { epochLength, outcomeErrorLengthMax } from "../process-record.ts";
import type {
  ChannelSpec,
  Outcome,
  ProcessRecord,
  ResolvedChannelSpec,
} from "../process-record.ts";
import type { System } from "../system.ts";
import type { ProcessSpec } from "./views.ts";

const idForm = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/;
const channelNameForm = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/;
const processIdLength = 20;
const lifeLength = 20;
const labelLengthMax = 128;
const identityLengthMax = 256;

/** Throws `invalid_argument` for what is not an id. */
export function requireId(name: string, id: string): string {
  if (typeof id === "string" && idForm.test(id) && !id.includes("..")) return id;
  throw invalidArgument(
    name,
    "1 to 128 of A-Z a-z 0-9 . _ ~ - without .., beginning with a letter or digit",
    quote(id),
  );
}

export function requireChannelName(name: string): string {
  if (typeof name === "string" && channelNameForm.test(name) && !name.includes("..")) return name;
  throw invalidArgument(
    "channel",
    "1 to 64 of A-Z a-z 0-9 . _ ~ - without .., beginning with a letter or digit",
    quote(name),
  );
}

/** Identities are any printable text: other systems' user names. Control characters could forge keys and log lines. */
export function requireIdentity(name: string, identity: string): string {
  if (identity.length > 0 && identity.length <= identityLengthMax && !/\p{Cc}/u.test(identity))
    return identity;
  throw invalidArgument(
    name,
    `1 to ${identityLengthMax} characters without control characters`,
    quote(identity),
  );
}

function quote(value: unknown): string {
  return JSON.stringify(String(value).slice(0, 80));
}

/** The record of a new process. Throws `invalid_argument`, `too_many_channels`. */
export function createRecord(
  spec: ProcessSpec,
  submitterId: string,
  limits: BrokerLimits,
  system: System,
): ProcessRecord {
  const executorId =
    spec.executorId === undefined || spec.executorId === ""
      ? ""
      : requireIdentity("executorId", spec.executorId);
  const label = spec.label ?? "";
  if (label.length > labelLengthMax)
    throw invalidArgument("label", `at most ${labelLengthMax} characters`);
  const now = system.clock.now();
  return {
    id: spec.id === undefined ? system.randomId(processIdLength) : requireId("id", spec.id),
    life: system.randomId(lifeLength),
    epoch: system.randomId(epochLength),
    term: 1,
    assignTerm: executorId === "" ? 0 : 1,
    label,
    submitterId: requireIdentity("submitterId", submitterId),
    executorId,
    executors: (spec.executors ?? []).map((identity) => requireIdentity("executors", identity)),
    channels: resolveChannels(spec.channels, limits),
    state: executorId === "" ? "waiting" : "running",
    createdAt: now,
    ...(executorId === "" ? {} : { startedAt: now }),
    ...(spec.leaseMs === undefined ? {} : { leaseMs: requireLease(spec.leaseMs, limits) }),
    grants: [],
    firstExecutorId: executorId,
  };
}

export function requireLease(leaseMs: number, { leaseMsMin, leaseMsMax }: BrokerLimits): number {
  if (leaseMs >= leaseMsMin && leaseMs <= leaseMsMax) return requireSafeInteger("leaseMs", leaseMs);
  throw invalidArgument("leaseMs", `from ${leaseMsMin} to ${leaseMsMax}`, String(leaseMs));
}

function resolveChannels(
  specs: readonly ChannelSpec[],
  limits: BrokerLimits,
): readonly ResolvedChannelSpec[] {
  if (specs.length > limits.maxChannelsPerProcess) {
    throw new ChannelError("too_many_channels", { limitChannels: limits.maxChannelsPerProcess });
  }
  const names = new Set<string>();
  return specs.map((spec) => {
    const resolved = resolveChannel(spec, limits);
    if (names.has(resolved.name)) {
      throw new ChannelError("channel_exists", {
        channel: resolved.name,
        reason: "the process declares it twice",
      });
    }
    names.add(resolved.name);
    return resolved;
  });
}

/** A channel may ask for less than the broker's limits, not for more. */
function resolveChannel(spec: ChannelSpec, limits: BrokerLimits): ResolvedChannelSpec {
  const { maxLogEntries = limits.maxLogEntries, maxLogBytes = limits.maxLogBytes } = spec;
  const { whenFull = limits.whenFull, writers = limits.writers } = spec;
  requireLimit("maxLogEntries", maxLogEntries, limits.maxLogEntries);
  requireLimit("maxLogBytes", maxLogBytes, limits.maxLogBytes);
  if (whenFull !== "refuse" && whenFull !== "trim")
    throw invalidArgument("whenFull", "refuse or trim", quote(whenFull));
  if (writers !== "both" && writers !== "submitter" && writers !== "executor") {
    throw invalidArgument("writers", "both, submitter or executor", quote(writers));
  }
  return { name: requireChannelName(spec.name), maxLogEntries, maxLogBytes, whenFull, writers };
}

function requireLimit(name: string, value: number, max: number): void {
  if (value >= 1 && value <= max && (Number.isSafeInteger(value) || value === Infinity)) return;
  throw invalidArgument(name, `an integer from 1 to ${max}`, String(value));
}

/** Whether a repeated create asks for the process that is there. */
export function isSameSpec(a: ProcessRecord, b: ProcessRecord): boolean {
  const declared = (record: ProcessRecord): string => {
    const { label, submitterId, firstExecutorId, executors, channels } = record;
    return JSON.stringify([
      label,
      submitterId,
      firstExecutorId,
      executors,
      channels.map((c) => [c.name, c.maxLogEntries, c.maxLogBytes, c.whenFull, c.writers]),
    ]);
  };
  return declared(a) === declared(b);
}

export function requireOutcome(outcome: Outcome): Outcome {
  const { exitCode, signal } = outcome;
  const program = {
    ...(exitCode === undefined
      ? {}
      : { exitCode: requireSafeInteger("outcome.exitCode", exitCode) }),
    ...(signal === undefined ? {} : { signal: String(signal).slice(0, 32) }),
  };
  if (outcome.status === "success" || outcome.status === "cancelled")
    return { status: outcome.status, ...program };
  const { status, error } = outcome;
  // The door takes what a stranger sends, whatever the type says.
  if ((status as string) !== "failed")
    throw invalidArgument("outcome.status", "success, failed or cancelled", quote(status));
  if (typeof error !== "string" || error.length === 0 || error.length > outcomeErrorLengthMax) {
    throw invalidArgument("outcome.error", `a text of 1 to ${outcomeErrorLengthMax} characters`);
  }
  return { status, error, ...program };
}

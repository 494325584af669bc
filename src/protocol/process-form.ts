import type { ChannelView, ProcessSpec, ProcessView } from "../core/broker/views.ts";
import type { GrantView } from "../core/broker/grants.ts";
import type { ChannelSpec, ResolvedChannelSpec } from "../core/process-record.ts";
import {
  decodeOutcome,
  type JsonChannel,
  type JsonChannelSpec,
  type JsonGrant,
  type JsonProcess,
} from "./json-form.ts";

// What a client makes of the JSON of processes, and the other way round.

/** What is undefined is left out where this is written as JSON. */
export function encodeProcessSpec(spec: ProcessSpec): object {
  const { id, label, submitterId, executorId, executors, channels, leaseMs } = spec;
  return {
    ...{ id, label, submitterid: submitterId, executorid: executorId, executors },
    leasems: leaseMs,
    channels: channels.map(encodeSpec),
  };
}

/** A limit that is left out takes the server's default; one that is none cannot be said. */
function encodeSpec({ name, maxLogEntries, maxLogBytes, whenFull, writers }: ChannelSpec): object {
  return {
    ...{ name, maxlogentries: maxLogEntries, maxlogbytes: maxLogBytes },
    ...{ whenfull: whenFull, writers },
  };
}

function decodeSpec(json: JsonChannelSpec): ResolvedChannelSpec {
  return {
    name: json.name,
    maxLogEntries: json.maxlogentries ?? Infinity,
    maxLogBytes: json.maxlogbytes ?? Infinity,
    whenFull: json.whenfull ?? "refuse",
    writers: json.writers ?? "both",
  };
}

export function decodeProcess(json: JsonProcess): ProcessView {
  const { cancelrequest: cancel } = json;
  return definedFields<ProcessView>({
    id: json.id,
    label: json.label ?? "",
    submitterId: json.submitterid,
    executorId: json.executorid ?? "",
    executors: json.executors ?? [],
    channels: json.channels.map(decodeSpec),
    state: json.state,
    epoch: json.epoch,
    term: json.term,
    createdAt: Date.parse(json.createdat),
    startedAt: decodeTime(json.startedat),
    closedAt: decodeTime(json.closedat),
    expiresAt: decodeTime(json.expiresat),
    cancelRequest: cancel && { by: cancel.by, at: Date.parse(cancel.at) },
    outcome: json.outcome && decodeOutcome(json.outcome),
    leaseMs: json.leasems,
    lastPositions: json.lastpositions,
    revision: json.revision,
  });
}

function decodeTime(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** Without the fields that are undefined. */
function definedFields<Fields extends object>(fields: {
  readonly [Name in keyof Fields]: Fields[Name] | undefined;
}): Fields {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as Fields;
}

export function decodeChannelView({ spec, outcome, bytes, ...json }: JsonChannel): ChannelView {
  return definedFields<ChannelView>({
    spec: decodeSpec(spec),
    epoch: json.epoch,
    first: json.first,
    last: json.last,
    keptBytes: bytes,
    outcome: outcome && decodeOutcome(outcome),
  });
}

export function decodeGrant(json: JsonGrant): GrantView {
  return definedFields<GrantView>({
    id: json.id,
    ops: json.ops,
    channels: json.channels,
    expiresAt: Date.parse(json.expiresat),
    createdAt: Date.parse(json.createdat),
    createdBy: json.createdby,
  });
}

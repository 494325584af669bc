import type { ChannelView, ProcessSpec, ProcessView } from "../core/broker/views.ts";
import type { GrantView } from "../core/broker/grants.ts";
import type { ChannelSpec, ResolvedChannelSpec } from "../core/process-record.ts";
import { definedFields } from "./defined-fields.ts";
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
  return {
    id: spec.id,
    label: spec.label,
    submitterid: spec.submitterId,
    executorid: spec.executorId,
    executors: spec.executors,
    channels: spec.channels.map(encodeSpec),
    leasems: spec.leaseMs,
  };
}

/** A limit that is left out takes the server's default; one that is none cannot be said. */
function encodeSpec(spec: ChannelSpec): object {
  return {
    name: spec.name,
    maxlogentries: spec.maxLogEntries,
    maxlogbytes: spec.maxLogBytes,
    whenfull: spec.whenFull,
    writers: spec.writers,
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

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

export interface JsonProcessSpec {
  readonly id?: string;
  readonly label?: string;
  readonly submitterid?: string;
  readonly executorid?: string;
  readonly executors?: readonly string[];
  readonly channels: readonly JsonChannelSpec[];
  readonly leasems?: number;
}

export function encodeProcessSpec(spec: ProcessSpec): JsonProcessSpec {
  const { id, label, submitterId, executorId, executors, channels, leaseMs } = spec;
  return {
    ...(id === undefined ? {} : { id }),
    ...(label === undefined ? {} : { label }),
    ...(submitterId === undefined ? {} : { submitterid: submitterId }),
    ...(executorId === undefined ? {} : { executorid: executorId }),
    ...(executors === undefined ? {} : { executors }),
    ...(leaseMs === undefined ? {} : { leasems: leaseMs }),
    channels: channels.map(encodeSpec),
  };
}

/** A limit that is left out takes the server's default; one that is none cannot be said. */
function encodeSpec(spec: ChannelSpec): JsonChannelSpec {
  const { name, maxLogEntries, maxLogBytes, whenFull, writers } = spec;
  return {
    name,
    ...(maxLogEntries === undefined ? {} : { maxlogentries: maxLogEntries }),
    ...(maxLogBytes === undefined ? {} : { maxlogbytes: maxLogBytes }),
    ...(whenFull === undefined ? {} : { whenfull: whenFull }),
    ...(writers === undefined ? {} : { writers }),
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
  const { startedat, closedat, expiresat, cancelrequest, outcome, leasems, lastpositions } = json;
  return {
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
    ...(startedat === undefined ? {} : { startedAt: Date.parse(startedat) }),
    ...(closedat === undefined ? {} : { closedAt: Date.parse(closedat) }),
    ...(expiresat === undefined ? {} : { expiresAt: Date.parse(expiresat) }),
    ...(cancelrequest === undefined
      ? {}
      : { cancelRequest: { by: cancelrequest.by, at: Date.parse(cancelrequest.at) } }),
    ...(outcome === undefined ? {} : { outcome: decodeOutcome(outcome) }),
    ...(leasems === undefined ? {} : { leaseMs: leasems }),
    ...(lastpositions === undefined ? {} : { lastPositions: lastpositions }),
    revision: json.revision,
  };
}

export function decodeChannelView({ spec, outcome, bytes, ...json }: JsonChannel): ChannelView {
  return {
    spec: decodeSpec(spec),
    epoch: json.epoch,
    first: json.first,
    last: json.last,
    keptBytes: bytes,
    ...(outcome === undefined ? {} : { outcome: decodeOutcome(outcome) }),
  };
}

export function decodeGrant(json: JsonGrant): GrantView {
  const { id, ops, channels, expiresat, createdat, createdby } = json;
  return {
    id,
    ops,
    ...(channels === undefined ? {} : { channels }),
    expiresAt: Date.parse(expiresat),
    createdAt: Date.parse(createdat),
    createdBy: createdby,
  };
}

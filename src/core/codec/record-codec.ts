import type { ProcessRecord, ProcessState, ResolvedChannelSpec } from "../process-record.ts";
import type { WhenFull, Writers } from "../process-record.ts";
import { requireVersion } from "./batch-codec.ts";
import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** First byte of an encoded process record. */
export const recordCodecVersion = 1;

const states: readonly ProcessState[] = ["waiting", "running", "closed"];
const whenFulls: readonly WhenFull[] = ["refuse", "trim"];
const writers: readonly Writers[] = ["both", "submitter", "executor"];

/** What few processes have, or only at their end. */
type Rest = Pick<
  ProcessRecord,
  "settling" | "cancelRequest" | "outcome" | "leaseMs" | "lastPositions"
> &
  Partial<Pick<ProcessRecord, "grants">>;

/** A quarter of what it is as JSON: hundreds of thousands are held in memory. */
export function encodeRecord(writer: ByteWriter, record: ProcessRecord): void {
  writer.byte(recordCodecVersion);
  for (const text of [record.id, record.life, record.epoch, record.label]) writer.text(text);
  for (const text of [record.submitterId, record.executorId, record.firstExecutorId])
    writer.text(text);
  writer.unsigned(record.term);
  writer.unsigned(record.assignTerm);
  writer.byte(states.indexOf(record.state));
  writer.unsigned(record.createdAt);
  for (const time of [record.startedAt, record.closedAt])
    writer.unsigned(time === undefined ? 0 : time + 1);
  writer.unsigned(record.executors.length);
  for (const executor of record.executors) writer.text(executor);
  writer.unsigned(record.channels.length);
  for (const channel of record.channels) encodeSpec(writer, channel);
  const rest = JSON.stringify(restOf(record));
  writer.text(rest === "{}" ? "" : rest);
}

/** Throws `DecodeError`. */
export function decodeRecord(bytes: Uint8Array): ProcessRecord {
  const reader = new ByteReader(bytes);
  requireVersion(reader, recordCodecVersion, "process record");
  const names = { id: reader.text(), life: reader.text(), epoch: reader.text() };
  const label = reader.text();
  const roles = {
    submitterId: reader.text(),
    executorId: reader.text(),
    firstExecutorId: reader.text(),
  };
  const terms = { term: reader.unsigned(), assignTerm: reader.unsigned() };
  const state = states[reader.byte()] as ProcessState;
  const createdAt = reader.unsigned();
  const [startedAt, closedAt] = [reader.unsigned(), reader.unsigned()];
  const executors = Array.from({ length: reader.unsigned() }, () => reader.text());
  const channels = Array.from({ length: reader.unsigned() }, () => decodeSpec(reader));
  const rest = reader.text();
  return {
    ...{ ...names, label, ...roles, ...terms, state, createdAt, executors, channels },
    ...(startedAt === 0 ? {} : { startedAt: startedAt - 1 }),
    ...(closedAt === 0 ? {} : { closedAt: closedAt - 1 }),
    grants: [],
    ...(rest === "" ? {} : (JSON.parse(rest) as Rest)),
  };
}

function restOf(record: ProcessRecord): Rest {
  const { settling, cancelRequest, outcome, leaseMs, lastPositions, grants } = record;
  return {
    ...(settling === undefined ? {} : { settling }),
    ...(cancelRequest === undefined ? {} : { cancelRequest }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(lastPositions === undefined ? {} : { lastPositions }),
    ...(grants.length === 0 ? {} : { grants }),
  };
}

function encodeSpec(writer: ByteWriter, spec: ResolvedChannelSpec): void {
  writer.text(spec.name);
  // No limit is infinity, and a limit is at least 1.
  for (const limit of [spec.maxLogEntries, spec.maxLogBytes])
    writer.unsigned(limit === Infinity ? 0 : limit);
  writer.byte(whenFulls.indexOf(spec.whenFull));
  writer.byte(writers.indexOf(spec.writers));
}

function decodeSpec(reader: ByteReader): ResolvedChannelSpec {
  return {
    name: reader.text(),
    maxLogEntries: reader.unsigned() || Infinity,
    maxLogBytes: reader.unsigned() || Infinity,
    whenFull: whenFulls[reader.byte()] as WhenFull,
    writers: writers[reader.byte()] as Writers,
  };
}

import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { StreamConfig } from "@nats-io/jetstream";
import { streamCountMax } from "./subjects.ts";
import type { Subjects } from "./subjects.ts";

/** The least that servers take: repeats are told by expectations, not by message ids. In nanoseconds. */
const duplicateWindowNs = 100_000_000;

export interface StreamOptions {
  /** Copies of each stream, each on another server. */
  readonly replicas: number;
  /** Bytes of each stream, with headers. */
  readonly streamBytesMax: number;
}

/** Throws `RangeError`. */
export function requireStreamCount(streamCount: number): void {
  if (Number.isInteger(streamCount) && streamCount >= 1 && streamCount <= streamCountMax) return;
  throw new RangeError(
    `streamCount must be a whole number from 1 to ${streamCountMax}, got ${streamCount}`,
  );
}

/** Settings of a stream of the store. Servers leave out what they do not know: compare what they answer. */
export function streamSettings(
  subjects: Subjects,
  stream: string,
  { replicas, streamBytesMax }: StreamOptions,
): Partial<StreamConfig> & { readonly name: string } {
  const channels = subjects.channelsOf(stream);
  return {
    name: stream,
    description: subjects.description,
    subjects: [...subjects.subjectsOf(stream)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_bytes: streamBytesMax,
    duplicate_window: duplicateWindowNs,
    num_replicas: replicas,
    allow_rollup_hdrs: true,
    deny_delete: true,
    republish: { src: channels, dest: subjects.tailOf(channels) },
  };
}

/** Fields of a stream that are not as they must be, in words: empty where all are. */
export function differences(
  wanted: Partial<StreamConfig>,
  actual: Partial<StreamConfig>,
): readonly string[] {
  return Object.entries(wanted).flatMap(([field, value]) => {
    const found: unknown = actual[field as keyof StreamConfig];
    const [asked, got] = [JSON.stringify(value), JSON.stringify(found)];
    return asked === got ? [] : [`${field} is ${got ?? "not set"}, and must be ${asked}`];
  });
}

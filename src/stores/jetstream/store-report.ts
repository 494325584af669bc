import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { StreamInfo } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { systemClock } from "../../core/system.ts";
import type { Clock } from "../../core/system.ts";
import { connectNats, JetStreamStoreError, whenLed } from "./nats-servers.ts";
import type { StoreLocation } from "./nats-servers.ts";
import { StoreContents } from "./store-contents.ts";
import type { ContentsReport } from "./store-contents.ts";
import { ensureStreams } from "./store-opening.ts";
import type { StoreCreation } from "./store-opening.ts";
import { defaultStoreName, requireStoreName } from "./subjects.ts";
import { requireStreamCount } from "./stream-settings.ts";

/** One stream of a store, as its leader sees it. */
export interface StreamReport {
  readonly name: string;
  /** Copies that it is to have. */
  readonly replicas: number;
  /** Those that answer and have caught up, its leader with them. */
  readonly currentReplicas: number;
  /** Name of the server that leads it; undefined where there is one server, which has no name for it. */
  readonly leader?: string;
  readonly messages: number;
  readonly subjects: number;
  /** Of all messages with their headers. */
  readonly bytes: number;
  /** -1 for no limit. */
  readonly bytesMax: number;
}

/** What NATS has of a store. */
export interface JetStreamReport {
  readonly name: string;
  /** Version of the NATS server that answered. */
  readonly serverVersion: string;
  readonly cluster?: string;
  /** Largest message that the servers take, in bytes. */
  readonly messageBytesMax: number;
  readonly streams: readonly StreamReport[];
  /** What is in them, where they were read. */
  readonly contents?: ContentsReport;
}

/** Throws `JetStreamStoreError` where there is no such store, and what the client of NATS throws. */
export async function inspectJetStreamStore(
  location: StoreLocation,
  { isThorough }: { readonly isThorough: boolean },
): Promise<JetStreamReport> {
  return useStore(location, undefined, isThorough);
}

/**
 * Creates the streams of a store; those that are there already stay. Throws `JetStreamStoreError` where they are
 * not as they are to be now.
 */
export async function createJetStreamStore(
  location: StoreLocation,
  creation: StoreCreation,
): Promise<JetStreamReport> {
  requireStreamCount(creation.streamCount);
  const report = await useStore(location, creation, false);
  const { streamCount, replicas, streamBytesMax } = creation;
  const wrong = [
    ...(report.streams.length === streamCount
      ? []
      : [`it has ${report.streams.length} streams, and not ${streamCount}`]),
    ...differencesOf(report.streams, "replicas", replicas),
    ...differencesOf(report.streams, "bytesMax", streamBytesMax),
  ];
  if (wrong.length === 0) return report;
  throw new JetStreamStoreError(
    "different",
    `there is a store named ${report.name} already, and it is another: ${wrong.join("; ")}`,
  );
}

/** The first one will do. */
function differencesOf(
  streams: readonly StreamReport[],
  field: "replicas" | "bytesMax",
  wanted: number,
): readonly string[] {
  const other = streams.find((stream) => stream[field] !== wanted);
  return other === undefined
    ? []
    : [`${field} of ${other.name} is ${other[field]}, and not ${wanted}`];
}

async function useStore(
  { connection, name = defaultStoreName }: StoreLocation,
  creation: StoreCreation | undefined,
  isThorough: boolean,
): Promise<JetStreamReport> {
  requireStoreName(name);
  const clock = systemClock;
  const nats = await connectNats(connection);
  try {
    const manager = await jetstreamManager(nats, { checkAPI: false });
    const subjects = await whenLed(clock, () => ensureStreams(manager, name, creation));
    const contents = isThorough ? new StoreContents(manager, subjects) : undefined;
    const streams: StreamReport[] = [];
    for (const stream of subjects.streams) {
      const info = await whenLed(clock, () => manager.streams.info(stream));
      streams.push(reportOf(info));
      if (contents !== undefined) await readAll({ nats, clock, info }, contents);
    }
    const { version = "", cluster, max_payload: messageBytesMax = 0 } = nats.info ?? {};
    return {
      name,
      serverVersion: version,
      ...(cluster === undefined ? {} : { cluster }),
      messageBytesMax,
      streams,
      ...(contents === undefined ? {} : { contents: await contents.finish() }),
    };
  } finally {
    await nats.close();
  }
}

function reportOf({ config, state, cluster }: StreamInfo): StreamReport {
  const copies = cluster?.replicas ?? [];
  const current = copies.filter(({ current, offline }) => current && !offline).length;
  const leader = cluster?.leader;
  return {
    name: config.name,
    replicas: config.num_replicas,
    currentReplicas: 1 + current,
    ...(leader === undefined || leader === "" ? {} : { leader }),
    messages: state.messages,
    subjects: state.num_subjects ?? 0,
    bytes: state.bytes,
    bytesMax: config.max_bytes,
  };
}

interface Reading {
  readonly nats: NatsConnection;
  readonly clock: Clock;
  readonly info: StreamInfo;
}

/** Everything that the stream has at this moment. */
async function readAll({ nats, clock, info }: Reading, contents: StoreContents): Promise<void> {
  const { config, state } = info;
  if (state.messages === 0) return;
  const { consumers } = jetstream(nats);
  const consumer = await whenLed(clock, () => consumers.get(config.name));
  try {
    const messages = await consumer.consume();
    for await (const message of messages) {
      const { subject, seq: sequence, data } = message;
      if (sequence <= state.last_seq) await contents.take({ subject, sequence, data });
      // The last ones may be gone by now: then nothing of that sequence comes.
      if (sequence >= state.last_seq || message.info.pending === 0) break;
    }
  } finally {
    await consumer.delete();
  }
}

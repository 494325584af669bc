import type { WhenFull, Writers } from "./process-record.ts";

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Largest payload of one entry, in bytes. From the seed (ColonyOS `channel`: MaxMessageSize). */
export const payloadBytesMax = 10 * MiB;

/** Limits of a bare `Router`. All but `maxLogBytes` and `compareBytesMax` are the seed's. */
export interface RouterLimits {
  readonly maxChannelsPerProcess: number;
  readonly maxLogEntries: number;
  /** Bytes of one log, counted by `entryBytes`. */
  readonly maxLogBytes: number;
  readonly payloadBytesMax: number;
  /** Entries that a subscription may fall behind before it is cut off. */
  readonly subscriberBufferSize: number;
  readonly rateLimitEnabled: boolean;
  /** Messages per second and process, sustained. */
  readonly messagesPerSecond: number;
  /** Messages that a process may send at once after a pause. */
  readonly messageBurst: number;
}

export const defaultRouterLimits: RouterLimits = {
  maxChannelsPerProcess: 100,
  maxLogEntries: 10_000,
  maxLogBytes: 256 * MiB,
  payloadBytesMax,
  subscriberBufferSize: 10_000,
  rateLimitEnabled: true,
  messagesPerSecond: 100,
  messageBurst: 500,
};

/** Sequence holes remembered per sender without producer id; beyond it the lowest is forgotten. */
export const sequenceHolesMax = 64;

/** Bytes of stored entries looked through to compare a repeat with what was stored. */
export const compareBytesMax = MiB;

/** Limits of a broker. `Infinity` means none. */
export interface BrokerLimits {
  readonly payloadBytesMax: number;
  readonly maxChannelsPerProcess: number;
  /** Defaults of a channel that declares none. */
  readonly maxLogEntries: number;
  readonly maxLogBytes: number;
  readonly whenFull: WhenFull;
  readonly writers: Writers;
  /** Entries per second of one process and sender, sustained. */
  readonly entriesPerSecond: number;
  readonly entryBurst: number;
  /** Repeats per second of one process and sender: each may cost a read of `compareBytesMax`. */
  readonly repeatsPerSecond: number;
  readonly repeatBurst: number;
  /** Entries and bytes of one append call; larger calls are refused, never split. */
  readonly batchEntriesMax: number;
  readonly batchBytesMax: number;
  /** Open processes of one submitter. */
  readonly openProcessesPerSubmitter: number;
  /** Bytes of all logs together. */
  readonly storeBytesMax: number;
  /** Bytes of entries that wait for the store, over all channels; beyond it appends are `overloaded`. */
  readonly stagedBytesMax: number;
  /**
   * Bytes of stored entries kept in memory, over all channels; beyond it those of the channels that were
   * not used for longest go. Readers further back than that read from the store.
   */
  readonly windowBytesMax: number;
  /** Bytes of pages kept as they came from the store, over all channels, for other readers at the same place. */
  readonly pageBytesMax: number;
  /**
   * Channels in memory; each 16 producers that an unused one remembers count as one more. Beyond it those
   * that were not used for longest are closed, and opened again when somebody comes. Those that are read,
   * followed or written stay.
   */
  readonly openChannelsMax: number;
  /** Time after which a channel that nobody uses is closed at any rate. */
  readonly channelIdleMs: number;
  /** Entries and bytes that one read or one item of a subscription returns. */
  readonly readEntriesMax: number;
  readonly readBytesMax: number;
  /** Producers remembered by a channel: all of this age by the log's own time, up to this many … */
  readonly producerAgeMs: number;
  readonly recentProducersMax: number;
  /** … and this many whatever their age. */
  readonly keptProducersMax: number;
  readonly subscriptionsPerProcess: number;
  readonly grantsPerProcess: number;
  /** Longest time until a grant expires. */
  readonly grantLifeMsMax: number;
  /** Age at which a closed process is deleted. */
  readonly closedProcessAgeMs: number;
  /** Silence after which an executor without a lease is taken for lost. */
  readonly executorSilenceMs: number;
  readonly leaseMsMin: number;
  readonly leaseMsMax: number;
  /** How often leases and expiry are looked at. */
  readonly sweepIntervalMs: number;
  /** Age at which a node finishes a change of authority that another one began. */
  readonly unsettledAgeMs: number;
}

export const defaultBrokerLimits: BrokerLimits = {
  payloadBytesMax,
  maxChannelsPerProcess: 100,
  maxLogEntries: 1_000_000,
  maxLogBytes: GiB,
  whenFull: "refuse",
  writers: "both",
  entriesPerSecond: 10_000,
  entryBurst: 50_000,
  repeatsPerSecond: 20_000,
  repeatBurst: 100_000,
  batchEntriesMax: 10_000,
  batchBytesMax: 16 * MiB,
  openProcessesPerSubmitter: 10_000,
  storeBytesMax: 16 * GiB,
  stagedBytesMax: 64 * MiB,
  windowBytesMax: 256 * MiB,
  pageBytesMax: 16 * MiB,
  openChannelsMax: 10_000,
  channelIdleMs: 5 * minuteMs,
  readEntriesMax: 1_000,
  readBytesMax: MiB,
  producerAgeMs: hourMs,
  recentProducersMax: 10_000,
  keptProducersMax: 1_000,
  subscriptionsPerProcess: 10_000,
  grantsPerProcess: 100,
  grantLifeMsMax: 366 * dayMs,
  closedProcessAgeMs: 7 * dayMs,
  executorSilenceMs: dayMs,
  leaseMsMin: 5 * secondMs,
  leaseMsMax: dayMs,
  sweepIntervalMs: secondMs,
  unsettledAgeMs: 2 * secondMs,
};

/** Closed processes of a store that ends with the server are kept for less long. */
export const memoryClosedProcessAgeMs = hourMs;

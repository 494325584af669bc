import { defaultBrokerLimits, type BrokerLimits } from "../../core/limits.ts";
import {
  defaultServerLimits,
  defaultStreamTimes,
  type ServerLimits,
} from "../../server/server-limits.ts";
import type { Setting } from "../setting.ts";
import { wholeNumberForm } from "../value-form.ts";

type StreamTimes = typeof defaultStreamTimes;

/** A limit of the server, and which part of it keeps it. */
export interface LimitSetting extends Setting<number> {
  readonly name: string;
  readonly part: "broker" | "server" | "streams";
}

const serverLimits: Readonly<Record<keyof ServerLimits, string>> = {
  connections: "open connections",
  connectionsPerAddress: "open connections of one address",
  requests: "requests under way that are no streams",
  requestsPerAddress: "requests under way of one address",
  requestsPerConnection: "requests that one connection sends without waiting for answers",
  bodyBytes: "bytes of request bodies under way",
  answerBytes: "bytes of answers and streams that their readers do not take",
  headerBytes: "bytes of a request's header",
  headerMs: "milliseconds until a header is complete",
  requestMs: "milliseconds until a body is complete",
  idleMs: "milliseconds of silence until a connection is closed",
  subscriptionsPerSocket: "subscriptions of one WebSocket, and as many producers and watches",
  unsettledBytesPerSocket: "bytes of appends of one WebSocket that are not answered",
  helloMs: "milliseconds until the first frame of a WebSocket",
};

const streamTimes: Readonly<Record<keyof StreamTimes, string>> = {
  heartbeatMs: "milliseconds of silence until a stream gets a sign of life",
  stallMs: "milliseconds until a reader that takes nothing is cut off",
  graceMs: "milliseconds that a shutdown gives streams for their last words",
};

/** Those of a broker that are an operator's business. The size of the store has a setting of its own. */
const brokerLimits = {
  maxChannelsPerProcess: "channels of a process",
  maxLogEntries: "entries of a channel that declares no limit",
  maxLogBytes: "bytes of a channel that declares no limit",
  entriesPerSecond: "entries per second of one sender in one process",
  entryBurst: "entries of one sender in one process at once",
  repeatsPerSecond: "repeated entries per second of one sender in one process",
  repeatBurst: "repeated entries of one sender in one process at once",
  batchEntriesMax: "entries of one append",
  batchBytesMax: "bytes of one append",
  openProcessesPerSubmitter: "open processes of one submitter",
  stagedBytesMax: "bytes that wait for the store",
  readEntriesMax: "entries of one read",
  readBytesMax: "bytes of one read",
  producerAgeMs: "milliseconds for which every producer of a channel is remembered",
  recentProducersMax: "producers remembered for that time",
  keptProducersMax: "producers remembered whatever their age",
  subscriptionsPerProcess: "subscriptions of one process",
  grantsPerProcess: "grants of one process",
  grantLifeMsMax: "milliseconds until a grant expires at the latest",
  closedProcessAgeMs: "milliseconds after which a closed process is deleted",
  executorSilenceMs: "milliseconds of silence after which an executor without a lease is lost",
  leaseMsMin: "milliseconds of the shortest lease",
  leaseMsMax: "milliseconds of the longest lease",
} satisfies Partial<Record<keyof BrokerLimits, string>>;

/** What holds where a limit depends on the store. */
const defaultTexts: Readonly<Record<string, string>> = {
  closedProcessAgeMs: "3600000 in memory, else 604800000",
};

export const limitSettings: readonly LimitSetting[] = [
  ...createSettings("server", serverLimits, defaultServerLimits),
  ...createSettings("streams", streamTimes, defaultStreamTimes),
  ...createSettings<keyof typeof brokerLimits>("broker", brokerLimits, defaultBrokerLimits),
];

function createSettings<Name extends string>(
  part: LimitSetting["part"],
  descriptions: Readonly<Record<Name, string>>,
  defaults: Readonly<Record<Name, number>>,
): LimitSetting[] {
  return (Object.keys(descriptions) as Name[]).map((name) => {
    const defaultText = defaultTexts[name];
    return {
      name,
      part,
      key: `serve.limits.${name}`,
      variable: `JOBWIRE_LIMIT_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`,
      form: wholeNumberForm(1, Number.MAX_SAFE_INTEGER),
      description: descriptions[name],
      ...(defaultText === undefined ? { default: defaults[name] } : { defaultText }),
    };
  });
}

import { JetStreamApiError } from "@nats-io/jetstream";
import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import { pause, systemClock } from "../../core/system.ts";
import type { Clock } from "../../core/system.ts";
import { connect } from "@nats-io/transport-node";
import type { NodeConnectionOptions } from "@nats-io/transport-node";
import { JetStreamStore } from "./jetstream-store.ts";
import type { JetStreamStoreContext } from "./jetstream-store.ts";
import { NatsJetStream } from "./nats-jet-stream.ts";
import { differences, streamSettings } from "./stream-settings.ts";
import type { StreamOptions } from "./stream-settings.ts";
import { Subjects } from "./subjects.ts";

export interface StoreCreation extends StreamOptions {
  /** Streams that the processes are spread over; cannot be changed later. */
  readonly streamCount: number;
}

export interface JetStreamStoreOptions extends Omit<
  JetStreamStoreContext,
  "jetStream" | "subjects"
> {
  /** How to connect, credentials and TLS with it. */
  readonly connection: NodeConnectionOptions;
  /** First token of its subjects and first part of its streams' names. Letters, digits, `-` and `_`. */
  readonly name?: string;
  /** Creates the streams where there are none. */
  readonly create?: StoreCreation;
}

/** There is no store of that name, or it is not as it must be. */
export class JetStreamStoreError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "JetStreamStoreError";
  }
}

/** Time until the servers must have elected their leaders. */
const electionMs = 30_000;
const electionPauseMs = 250;

/** As measured to come back soonest after the loss of a server. */
const connectionDefaults: NodeConnectionOptions = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  reconnectJitter: 50,
  pingInterval: 2_000,
  maxPingOut: 2,
  name: "jobwire",
};

/** Opens the store of that name, whose streams are there or are created. Throws `JetStreamStoreError`. */
export async function openJetStreamStore({
  connection,
  name = "jobwire",
  create,
  ...context
}: JetStreamStoreOptions): Promise<JetStreamStore> {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
    throw new RangeError(`name must be up to 64 letters, digits, - and _, got ${name}`);
  const options = { ...connectionDefaults, ...connection };
  const requests = await connect(options);
  const tails = await connect(options).catch(async (error: unknown) => {
    await requests.close();
    throw error;
  });
  try {
    const report = (error: unknown, stage: string): void => context.onError?.(error, { stage });
    const clock = context.system?.clock ?? systemClock;
    const jetStream = await NatsJetStream.open({ requests, tails }, clock, report);
    const { manager } = jetStream;
    const subjects = await patiently(clock, () => ensureStreams(manager, name, create));
    return new JetStreamStore({ ...context, jetStream, subjects });
  } catch (error) {
    await Promise.all([requests.close(), tails.close()]);
    throw error;
  }
}

/** A cluster that has just started has no leader for some seconds, and then some for the streams. */
async function patiently<Result>(clock: Clock, work: () => Promise<Result>): Promise<Result> {
  const until = clock.monotonicMs() + electionMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isWithoutLeader(error) || clock.monotonicMs() >= until) throw error;
    }
    await pause(clock, electionPauseMs);
  }
}

function isWithoutLeader(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status >= 500;
  return error instanceof Error && ["JetStreamNotEnabled", "TimeoutError"].includes(error.name);
}

async function ensureStreams(
  manager: JetStreamManager,
  name: string,
  create: StoreCreation | undefined,
): Promise<Subjects> {
  const first = await readConfig(manager, `${name}-0`);
  if (first === undefined && create === undefined)
    throw new JetStreamStoreError(`there is no store named ${name}`);
  const subjects =
    first === undefined
      ? new Subjects(name, create?.streamCount ?? 1)
      : Subjects.described(name, first.description);
  if (subjects === undefined)
    throw new JetStreamStoreError(`the stream ${name}-0 is none of a Jobwire store of this format`);
  // The first one last: it says that all others are there.
  for (const stream of [...subjects.streams].reverse()) {
    const found = await readConfig(manager, stream);
    if (found === undefined && create === undefined)
      throw new JetStreamStoreError(`the stream ${stream} is missing`);
    const settings = streamSettings(subjects, stream, {
      replicas: found?.num_replicas ?? create?.replicas ?? 1,
      streamBytesMax: found?.max_bytes ?? create?.streamBytesMax ?? -1,
    });
    const actual = found ?? (await manager.streams.add(settings)).config;
    const wrong = differences(settings, actual);
    if (wrong.length > 0)
      throw new JetStreamStoreError(`the stream ${stream} is not as asked: ${wrong.join("; ")}`);
  }
  return subjects;
}

async function readConfig(
  manager: JetStreamManager,
  stream: string,
): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(stream)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return undefined;
    throw error;
  }
}

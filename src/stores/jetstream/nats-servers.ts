import { JetStreamApiError } from "@nats-io/jetstream";
import type { JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import { pause } from "../../core/system.ts";
import type { Clock } from "../../core/system.ts";
import { isOlderVersion, oldestServer } from "./server-version.ts";
import { Subjects } from "./subjects.ts";

/** Which store of which NATS servers. */
export interface StoreLocation {
  /** How to connect, credentials and TLS with it. */
  readonly connection: NodeConnectionOptions;
  /** First token of its subjects and first part of its streams' names. Letters, digits, `-` and `_`. */
  readonly name?: string;
}

/**
 * `absent`: there is no store of that name. `different`: it is not as it must be, or as it is asked for. `busy`: a
 * node is working on it, and must not be. `too_old`: the NATS server is.
 */
export type JetStreamStoreErrorKind = "absent" | "different" | "busy" | "too_old";

export class JetStreamStoreError extends Error {
  readonly kind: JetStreamStoreErrorKind;

  constructor(kind: JetStreamStoreErrorKind, message: string) {
    super(message);
    this.name = "JetStreamStoreError";
    this.kind = kind;
  }
}

/** As measured to come back soonest after the loss of a server. */
const connectionDefaults: NodeConnectionOptions = {
  maxReconnectAttempts: -1,
  reconnectTimeWait: 100,
  reconnectJitter: 50,
  pingInterval: 2_000,
  maxPingOut: 2,
  // Whoever changes credentials on the servers before the files here must not stop a node for good.
  ignoreAuthErrorAbort: true,
  // A third of the processor's time of a read would be stack traces, made in case that it fails.
  noAsyncTraces: true,
  name: "jobwire",
};

/** Time until the servers must have elected their leaders. */
const electionMs = 30_000;
const electionPauseMs = 250;

/** Throws `JetStreamStoreError` for a server that is too old, and what the client of NATS throws. */
export async function connectNats(connection: NodeConnectionOptions): Promise<NatsConnection> {
  const nats = await connect({ ...connectionDefaults, ...connection });
  const { version = "", server_name: server = "" } = nats.info ?? {};
  if (!isOlderVersion(version, oldestServer)) return nats;
  await nats.close();
  throw new JetStreamStoreError(
    "too_old",
    `the NATS server ${server} is of version ${version}, which loses messages: the store needs ${oldestServer} or later`,
  );
}

/** Does work as soon as its streams have leaders: those of a cluster that has just started have none for seconds. */
export async function whenLed<Result>(clock: Clock, work: () => Promise<Result>): Promise<Result> {
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

/** Subjects of the store of that name, as its first stream describes them; undefined where there is none. */
export async function findSubjects(
  manager: JetStreamManager,
  name: string,
): Promise<Subjects | undefined> {
  const first = await readStream(manager, `${name}-0`);
  if (first === undefined) return undefined;
  const subjects = Subjects.described(name, first.config.description);
  if (subjects !== undefined) return subjects;
  throw new JetStreamStoreError(
    "different",
    `the stream ${name}-0 is none of a Jobwire store of this format: its description is ${JSON.stringify(first.config.description ?? "")}`,
  );
}

/** Undefined where there is no such stream. */
export async function readStream(
  manager: JetStreamManager,
  stream: string,
): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.status === 404) return undefined;
    throw error;
  }
}

import type { JetStreamManager } from "@nats-io/jetstream";
import { systemClock } from "../../core/system.ts";
import { JetStreamStore } from "./jetstream-store.ts";
import type { JetStreamStoreContext } from "./jetstream-store.ts";
import { NatsJetStream } from "./nats-jet-stream.ts";
import {
  connectNats,
  findSubjects,
  JetStreamStoreError,
  readStream,
  whenLed,
} from "./nats-servers.ts";
import type { StoreLocation } from "./nats-servers.ts";
import { differences, requireStreamCount, streamSettings } from "./stream-settings.ts";
import type { StreamOptions } from "./stream-settings.ts";
import { defaultStoreName, requireStoreName, Subjects } from "./subjects.ts";

export interface StoreCreation extends StreamOptions {
  /** Streams that the processes are spread over, 1 to 64; cannot be changed later. */
  readonly streamCount: number;
}

export interface JetStreamStoreOptions
  extends StoreLocation, Omit<JetStreamStoreContext, "jetStream" | "subjects"> {
  /** Creates the streams where there are none. */
  readonly create?: StoreCreation;
}

/** Opens the store of that name, whose streams are there or are created. Throws `JetStreamStoreError`. */
export async function openJetStreamStore({
  connection,
  name = defaultStoreName,
  create,
  ...context
}: JetStreamStoreOptions): Promise<JetStreamStore> {
  requireStoreName(name);
  if (create !== undefined) requireStreamCount(create.streamCount);
  const requests = await connectNats(connection);
  const tails = await connectNats(connection).catch(async (error: unknown) => {
    await requests.close();
    throw error;
  });
  try {
    const report = (error: unknown, stage: string): void => context.onError?.(error, { stage });
    const clock = context.system?.clock ?? systemClock;
    const jetStream = await NatsJetStream.open({ requests, tails }, clock, report);
    const { manager } = jetStream;
    const subjects = await whenLed(clock, () => ensureStreams(manager, name, create));
    return new JetStreamStore({ ...context, jetStream, subjects });
  } catch (error) {
    await Promise.all([requests.close(), tails.close()]);
    throw error;
  }
}

/** Creates what of a store is missing; what is there stays as it is. Throws `JetStreamStoreError`. */
export async function ensureStreams(
  manager: JetStreamManager,
  name: string,
  create: StoreCreation | undefined,
): Promise<Subjects> {
  const known = await findSubjects(manager, name);
  if (known === undefined && create === undefined)
    throw new JetStreamStoreError("absent", `there is no store named ${name}`);
  const subjects = known ?? new Subjects(name, create?.streamCount ?? 1);
  // The first one last: it says that all others are there.
  for (const stream of [...subjects.streams].reverse()) {
    const found = (await readStream(manager, stream))?.config;
    if (found === undefined && create === undefined)
      throw new JetStreamStoreError("different", `the stream ${stream} is missing`);
    const settings = streamSettings(subjects, stream, {
      replicas: found?.num_replicas ?? create?.replicas ?? 1,
      streamBytesMax: found?.max_bytes ?? create?.streamBytesMax ?? -1,
    });
    const actual = found ?? (await manager.streams.add(settings)).config;
    const wrong = differences(settings, actual);
    if (wrong.length > 0)
      throw new JetStreamStoreError(
        "different",
        `the stream ${stream} is not as asked: ${wrong.join("; ")}`,
      );
  }
  return subjects;
}

import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMarkerBatch } from "../../src/core/broker/batch-builder.ts";
import { Broker } from "../../src/core/broker/broker.ts";
import { createHead } from "../../src/core/channel-head.ts";
import type { StoredRecord } from "../../src/core/store.ts";
import { defaultSystem } from "../../src/core/system.ts";
import type { System } from "../../src/core/system.ts";
import { openJetStreamStore } from "../../src/stores/jetstream/index.ts";
import type { JetStreamStore } from "../../src/stores/jetstream/index.ts";
import { exe, inputs, readAll, sub } from "../broker-world.ts";
import { describeOnNats } from "../nats-binary.ts";
import { startNatsServer } from "../nats-world.ts";
import type { NatsServer } from "../nats-world.ts";

const dayMs = 86_400_000;
const create = { streamCount: 1, replicas: 1, streamBytesMax: 2 ** 26 };

/** For whom everything that was written today is old, and minutes are seconds. */
const tomorrow: System = {
  ...defaultSystem,
  clock: {
    ...defaultSystem.clock,
    now: () => defaultSystem.clock.now() + dayMs,
    after: (ms, callback) => defaultSystem.clock.after(ms / 60, callback),
  },
};

describeOnNats("a deleted process", () => {
  let server: NatsServer;

  beforeAll(async () => {
    server = await startNatsServer();
  });

  afterAll(() => server.dispose());

  const open = (name: string, system?: System): Promise<JetStreamStore> =>
    openJetStreamStore({
      ...{ name, create, connection: { servers: server.url } },
      ...(system === undefined ? {} : { system }),
    });

  /** Those of processes. */
  async function subjectsOf(name: string): Promise<readonly string[]> {
    const connection = await connect({ servers: server.url });
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(`${name}-0`, { subjects_filter: ">" });
    await connection.close();
    const subjects = Object.keys(state.subjects ?? {});
    return subjects.filter((subject) => !subject.endsWith(".lease")).sort();
  }

  async function createAndDelete(broker: Broker): Promise<void> {
    await broker.createProcess(sub, { id: "p", executorId: "exe", channels: [{ name: "out" }] });
    await broker.append(exe, "p", "out", inputs("secret"));
    await broker.deleteProcess(sub, "p");
  }

  it("leaves a tombstone and a message in its place for an hour, and then nothing", async () => {
    const store = await open("sweep");
    await createAndDelete(new Broker({ store }));
    expect(await subjectsOf("sweep")).toHaveLength(2);
    await store.close();
    const later = await open("sweep", tomorrow);
    const broker = new Broker({ store: later });
    await broker.createProcess(sub, { id: "q", executorId: "exe", channels: [{ name: "out" }] });
    await broker.append(exe, "q", "out", inputs("kept"));
    await expect.poll(() => subjectsOf("sweep"), { timeout: 10_000 }).toHaveLength(2);
    expect(await readAll(broker, sub, "q")).toEqual(["kept"]);
    await later.close();
  });

  it("leaves nothing of its logs in the one that is created in its place", async () => {
    const store = await open("again");
    const broker = new Broker({ store });
    for (let life = 0; life < 3; life++) await createAndDelete(broker);
    const later = await open("again", tomorrow);
    // It has met the last deletion by then.
    await later.listRecords({ after: "", limit: 1 });
    await broker.createProcess(sub, { id: "p", executorId: "exe", channels: [{ name: "out" }] });
    await broker.append(exe, "p", "out", inputs("new"));
    expect(await readAll(broker)).toEqual(["new"]);
    await expect.poll(() => subjectsOf("again"), { timeout: 10_000 }).toHaveLength(2);
    expect(await readAll(broker)).toEqual(["new"]);
    await Promise.all([store.close(), later.close()]);
  });

  it("is not begun anew by a node that has not heard that it was created again", async () => {
    const store = await open("late");
    const broker = new Broker({ store });
    await broker.createProcess(sub, { id: "p", executorId: "exe", channels: [{ name: "out" }] });
    const { record } = (await store.readRecord("p")) as StoredRecord;
    await broker.deleteProcess(sub, "p");
    await createAndDelete(broker);
    await broker.createProcess(sub, { id: "p", executorId: "exe", channels: [{ name: "out" }] });
    const key = { processId: "p", life: record.life, channel: "out" };
    const opening = createMarkerBatch("open", "late", createHead(record.epoch, 1), record);
    const other = await open("late");
    await expect(other.append(key, opening, undefined)).rejects.toMatchObject({ kind: "conflict" });
    await Promise.all([store.close(), other.close()]);
  });
});

import { describe, expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import { cutOffMs } from "../../core/store.ts";
import { createSampleRecord } from "../../testing/store-samples.ts";

describe("the records of a store", () => {
  it("are met again by a node whose follow has stopped by itself", async () => {
    const world = new JetStreamWorld();
    const connection = world.nats.connect();
    const follow = connection.follow.bind(connection);
    let followCount = 0;
    connection.follow = (...args) => (followCount++ === 0 ? () => undefined : follow(...args));
    const stuck = world.open(connection);
    const other = world.open();
    await world.done(other.store.createRecord(createSampleRecord("a")));
    const told: string[] = [];
    stuck.store.followRecords((id) => told.push(id));
    await world.pass(4_000);
    expect(told).toEqual(["a"]);
    for (const { store } of [stuck, other]) await world.done(store.close());
  });

  it("are not listed for ever: a list that no record comes for is `unavailable`", async () => {
    const world = new JetStreamWorld();
    const connection = world.nats.connect();
    connection.follow = () => () => undefined;
    const stuck = world.open(connection);
    const other = world.open();
    await world.done(other.store.createRecord(createSampleRecord("a")));
    let kind = "waits";
    const list = stuck.store
      .listRecords({ after: "", limit: 9 })
      .catch((error: unknown) => (kind = (error as { kind: string }).kind));
    await world.pass(cutOffMs - 250);
    expect(kind).toBe("waits");
    await world.pass(500);
    expect(kind).toBe("unavailable");
    await list;
    expect(await world.done(other.store.listRecords({ after: "", limit: 9 }))).toHaveLength(1);
    for (const { store } of [stuck, other]) await world.done(store.close());
  });
});

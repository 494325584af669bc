import { expect, it } from "vitest";
import { Broker } from "../../src/core/broker/broker.ts";
import { randomId } from "../../src/core/system.ts";
import { inputs, sub } from "../broker-world.ts";
import { JetStreamWorld } from "../jetstream-world.ts";
import { withMutatedModule } from "./mutant-source.ts";

/** What a reader finds whose process has got a new epoch while no node ran. */
async function readAfterNewEpoch(BrokerClass: typeof Broker): Promise<unknown> {
  const world = new JetStreamWorld();
  const system = { clock: world.clock, randomId };
  const before = world.open();
  const first = new BrokerClass({ store: before.store, system });
  await world.done(first.createProcess(sub, { id: "p", channels: [{ name: "out" }] }));
  const { cursor } = await world.done(first.append(sub, "p", "out", inputs("a", "b")));
  await world.done(first.close());

  const stored = await world.done(before.store.readRecord("p"));
  if (stored === undefined) throw new Error("p has no record");
  const { record, revision } = stored;
  await world.done(before.store.updateRecord({ ...record, epoch: "another" }, revision));
  await world.done(before.store.close());

  const { store } = world.open();
  const next = new BrokerClass({ store, system });
  const { gap } = await world.done(next.read(sub, "p", "out", { after: cursor }));
  await world.done(next.append(sub, "p", "out", inputs("c")));
  const { entries } = await world.done(next.read(sub, "p", "out"));
  await world.done(next.close());
  await world.done(store.close());
  const texts = entries.map(({ payload }) => new TextDecoder().decode(payload));
  return { gap: gap?.reason, texts };
}

it("a new epoch ends cursors and keeps the entries", async () => {
  expect(await readAfterNewEpoch(Broker)).toEqual({ gap: "epoch", texts: ["a", "b", "c"] });
});

it("a broker that names logs by the epoch rather than the life is found", async () => {
  const mutant = {
    name: "names logs by the epoch rather than the life",
    file: "open-channel.ts",
    find: "life: process.record.life,",
    replace: "life: process.record.epoch,",
  };
  const place = { folder: "core/broker", entry: "broker.ts" };
  await withMutatedModule(mutant, place, async (module) => {
    const { Broker: Mutated } = module as { readonly Broker: typeof Broker };
    expect(await readAfterNewEpoch(Mutated)).not.toMatchObject({ texts: ["a", "b", "c"] });
  });
});

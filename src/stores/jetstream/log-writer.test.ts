import { expect, it } from "vitest";
import { JetStreamWorld } from "../../../test/jetstream-world.ts";
import { SampleWriter } from "../../testing/store-samples.ts";
import type { JetStream, TailMessage } from "./jet-stream.ts";

/** A node's connection of which the tails bring what a test says, when it says so. */
function withHeldTails(connection: JetStream): { bring(): void } {
  const held: (() => void)[] = [];
  const tail = connection.tail.bind(connection);
  connection.tail = (subject, listener) =>
    tail(subject, (message: TailMessage) => held.push(() => listener(message)));
  return { bring: () => held.splice(0).forEach((deliver) => deliver()) };
}

it("a batch that another one overtakes while it is handed over is a conflict, and is not written", async () => {
  const world = new JetStreamWorld();
  const connection = world.nats.connect();
  const tails = withHeldTails(connection);
  const nodes = [world.open(), world.open(connection)] as const;
  const [{ store: first }, { store: second }] = nodes;
  const writer = await world.done(new SampleWriter(first).open());
  const unfollow = second.follow(writer.key, () => undefined);
  const other = await world.done(SampleWriter.resume(second, writer.key));
  await world.done(writer.commit(writer.createData(["a"])));

  const append = second.append(writer.key, other.createData(["b"]), other.revision);
  const refused = expect(append).rejects.toMatchObject({ kind: "conflict" });
  // In the same turn the node hears that the place is taken.
  tails.bring();

  await world.done(refused);
  expect(await world.done(first.readHead(writer.key))).toMatchObject({ head: { last: 1 } });
  unfollow();
  for (const { store } of nodes) await world.done(store.close());
});

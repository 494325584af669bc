import { describe, expect, it } from "vitest";
import { ClientWorld } from "../../../test/client-world.ts";
import { EntryFeed, type EntryFeedOptions } from "./entry-feed.ts";

async function createFeed(
  entries: number,
  options: EntryFeedOptions,
): Promise<{
  world: ClientWorld;
  feed: EntryFeed;
  send: (from: number, to: number) => Promise<void>;
}> {
  const world = await ClientWorld.create();
  await world.world.createProcess();
  const out = world.client("exe", "auto").process("p").channel("out");
  const send = async (from: number, to: number): Promise<void> => {
    const payloads = Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`);
    await out.sendMany(payloads);
  };
  await send(1, entries);
  const feed = new EntryFeed(world.client("sub", "auto").process("p"), "out", options);
  void feed.start();
  return { world, feed, send };
}

function numbersOf({ items }: EntryFeed): number[] {
  return items.map((item) =>
    item.kind === "entry" ? Number(new TextDecoder().decode(item.entry.payload)) : -1,
  );
}

async function until(feed: EntryFeed, isSo: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (isSo()) resolve();
    };
    feed.onChange = look;
    look();
  });
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("EntryFeed", () => {
  it("keeps the newest entries, and older ones for who asks", async () => {
    const { world, feed, send } = await createFeed(35, { pageEntries: 10, entriesMax: 30 });
    await until(feed, () => numbersOf(feed).at(-1) === 35);
    expect(numbersOf(feed)).toEqual(range(26, 35));

    await feed.loadOlder();
    expect(numbersOf(feed)).toEqual(range(16, 35));
    await send(36, 38);
    await until(feed, () => numbersOf(feed).at(-1) === 38);
    expect(numbersOf(feed)).toEqual(range(19, 38));
    await feed.loadOlder();
    expect(numbersOf(feed)).toEqual(range(9, 38));
    expect(feed.hasOlder).toBe(false);
    feed.close();
    await world[Symbol.asyncDispose]();
  });

  it("is bounded in bytes", async () => {
    const { world, feed, send } = await createFeed(1, { bytesMax: 20 });
    await until(feed, () => feed.items.length === 1);
    await send(100, 120);
    await until(feed, () => numbersOf(feed).at(-1) === 120);
    expect(numbersOf(feed)).toEqual(range(115, 120));
    feed.close();
    await world[Symbol.asyncDispose]();
  });

  it("tells of the end in its state", async () => {
    const { world, feed } = await createFeed(1, {});
    await world.client("exe", "auto").process("p").close({ status: "success" });
    await until(feed, () => feed.state.kind === "closed");
    expect(feed.state).toMatchObject({ outcome: { status: "success" } });
    feed.close();
    await world[Symbol.asyncDispose]();
  });
});

import { describe, expect, it } from "vitest";
import { createDeferred } from "../../core/deferred.ts";
import { randomId } from "../../core/system.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ChannelWriter, type Appender, type ChannelWriterOptions } from "./channel-writer.ts";

/** A producer whose appends are acknowledged by the test. */
function createWorld(options: ChannelWriterOptions = {}) {
  const clock = new FakeClock();
  const appends: { text: string; acknowledge: () => void; refuse: (error: Error) => void }[] = [];
  const append: Appender["append"] = ({ payload, type }) => {
    const acknowledged = createDeferred<number>();
    const position = appends.length + 1;
    const written = Buffer.from(payload ?? []).toString("latin1");
    const text = type === undefined ? written : `(${type}${written})`;
    appends.push({
      text,
      acknowledge: () => acknowledged.resolve(position),
      refuse: (error) => acknowledged.reject(error),
    });
    return acknowledged.promise;
  };
  const lastPosition = (): Promise<number> => Promise.resolve(appends.length);
  const writer = new ChannelWriter({ append, lastPosition }, { clock, randomId }, options);
  return {
    clock,
    writer,
    texts: () => appends.map(({ text }) => text),
    acknowledge: async () => {
      appends.at(-1)!.acknowledge();
      await settle();
    },
    refuse: async () => {
      appends.at(-1)!.refuse(new Error("refused"));
      await settle();
    },
    push: async (text: string) => {
      const hasRoom = writer.push(Buffer.from(text, "latin1"));
      await settle();
      return hasRoom;
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("ChannelWriter", () => {
  it("makes one entry of what gathers while another is under way", async () => {
    const world = createWorld();
    await world.push("one");
    await world.push("two");
    await world.push("three");
    expect(world.texts()).toEqual(["one"]);
    await world.acknowledge();
    expect(world.texts()).toEqual(["one", "twothree"]);
  });

  it("ends with an end entry after everything else is acknowledged", async () => {
    const world = createWorld();
    await world.push("last");
    world.writer.end();
    expect(world.texts()).toEqual(["last"]);
    await world.acknowledge();
    expect(world.texts()).toEqual(["last", "(end)"]);
    await world.acknowledge();
    await world.writer.finished;
  });

  it("writes other entries in their places, and tells marks the position before theirs", async () => {
    const world = createWorld();
    const marks: number[] = [];
    const mark = (): void => world.writer.mark((position) => marks.push(position));
    mark();
    await world.push("one");
    expect(marks).toEqual([0]);
    await world.push("two");
    mark();
    world.writer.insert({ type: "size" });
    await world.push("three");
    mark();
    world.writer.end();
    await world.acknowledge();
    await world.acknowledge();
    expect(marks).toEqual([0, 2]);
    expect(world.texts()).toEqual(["one", "two", "(size)"]);
    await world.acknowledge();
    await world.acknowledge();
    expect(world.texts()).toEqual(["one", "two", "(size)", "three", "(end)"]);
    expect(marks).toEqual([0, 2, 4]);
  });

  it("holds back the beginning of a character for 50 ms and no longer", async () => {
    const world = createWorld();
    await world.push("a\xe2\x82");
    await world.acknowledge();
    expect(world.texts()).toEqual(["a"]);
    world.clock.advance(49);
    await settle();
    expect(world.texts()).toEqual(["a"]);
    world.clock.advance(1);
    await settle();
    expect(world.texts()).toEqual(["a", "\xe2\x82"]);
  });

  it("keeps a character together whose rest comes in time", async () => {
    const world = createWorld();
    await world.push("\xe2\x82");
    world.clock.advance(49);
    await world.push("\xac");
    expect(world.texts()).toEqual(["\xe2\x82\xac"]);
  });

  it("gives out what it held back at the end", async () => {
    const world = createWorld();
    await world.push("\xf0");
    world.writer.end();
    await settle();
    expect(world.texts()).toEqual(["\xf0"]);
  });

  it("makes the program wait beyond its bound, and go on at half of it", async () => {
    let hasRoom = false;
    const world = createWorld({ bytesMax: 8, onRoom: () => (hasRoom = true) });
    expect(await world.push("1234567")).toBe(true);
    expect(await world.push("8901234")).toBe(true);
    expect(await world.push("5")).toBe(false);
    expect(hasRoom).toBe(false);
    await world.acknowledge();
    await world.acknowledge();
    expect(hasRoom).toBe(true);
  });

  it("drops what comes after a refusal for good, and lets the program go on", async () => {
    let hasRoom = false;
    const world = createWorld({ bytesMax: 2, onRoom: () => (hasRoom = true) });
    await world.push("1");
    expect(await world.push("234")).toBe(false);
    await world.refuse();
    await expect(world.writer.finished).rejects.toThrow("refused");
    expect(hasRoom).toBe(true);
    expect(await world.push("more")).toBe(true);
    expect(world.writer.waitingBytes).toBe(0);
  });

  it("tells once that its bound is reached, until there was room", async () => {
    let told = 0;
    const world = createWorld({ bytesMax: 2, onFull: () => (told += 1) });
    await world.push("1");
    for (let i = 0; i < 3; i++) await world.push("xx");
    expect(told).toBe(1);
    expect(world.writer.isFull).toBe(true);
    await world.acknowledge();
    await world.acknowledge();
    expect(world.writer.isFull).toBe(false);
    await world.push("xx");
    await world.push("xx");
    expect(told).toBe(2);
  });
});

describe("ChannelWriter that drops beyond its bound", () => {
  it("leaves one gap in the place of what it dropped, and keeps again once there is room", async () => {
    const world = createWorld({ bytesMax: 4, dropsBeyondBound: () => true });
    await world.push("a");
    expect(await world.push("bcde")).toBe(true);
    expect(await world.push("123")).toBe(true);
    expect(await world.push("45")).toBe(true);
    await world.acknowledge();
    await world.acknowledge();
    await world.push("f");
    await world.acknowledge();
    await world.acknowledge();
    expect(world.texts()).toEqual([
      "a",
      "bcde",
      '(jobwire.gap{"bytes":5,"reason":"dropped"})',
      "f",
    ]);
  });

  it("makes the program wait while the server is only slow, and lets it go when it is away", async () => {
    let isAway = false;
    let released = 0;
    const world = createWorld({
      bytesMax: 2,
      dropsBeyondBound: () => isAway,
      onRoom: () => (released += 1),
    });
    await world.push("1");
    expect(await world.push("22")).toBe(false);
    world.writer.releaseIfDropping();
    expect(released).toBe(0);
    isAway = true;
    world.writer.releaseIfDropping();
    expect(released).toBe(1);
    expect(await world.push("333")).toBe(true);
    isAway = false;
    // Nothing more is dropped, and the gap keeps its place.
    expect(await world.push("4")).toBe(false);
    world.writer.end();
    for (let i = 0; i < 5; i++) await world.acknowledge();
    const gap = '(jobwire.gap{"bytes":3,"reason":"dropped"})';
    expect(world.texts()).toEqual(["1", "22", gap, "4", "(end)"]);
    await world.writer.finished;
  });
});

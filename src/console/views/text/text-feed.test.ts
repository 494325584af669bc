import { describe, expect, it } from "vitest";
import { ClientWorld } from "../../../../test/client-world.ts";
import { findTime } from "./find-time.ts";
import { TextFeed, type TextFeedOptions } from "./text-feed.ts";

/** A channel with numbered lines, in entries of ten, which do not begin where lines do. */
class LinesWorld {
  readonly #client: ClientWorld;
  #written = "";
  #count = 0;

  private constructor(client: ClientWorld) {
    this.#client = client;
  }

  static async create(): Promise<LinesWorld> {
    const client = await ClientWorld.create();
    await client.world.createProcess();
    return new LinesWorld(client);
  }

  feed(options: TextFeedOptions = {}): TextFeed {
    return new TextFeed(this.#client.client("sub", "auto").process("p"), "out", options);
  }

  async write(lines: number): Promise<void> {
    for (let n = 1; n <= lines; n++) this.#written += `line ${++this.#count}\n`;
    const payloads = this.#written.match(/[^]{1,80}/g) ?? [];
    this.#written = "";
    await this.#client.client("exe", "auto").process("p").channel("out").sendMany(payloads);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

async function until(feed: TextFeed, isSo: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (isSo()) resolve();
    };
    feed.onChange = look;
    look();
  });
}

function numbersOf({ window }: TextFeed): number[] {
  return window.slice(0, window.count).map(({ text }) => Number(/^line (\d+)$/.exec(text)?.[1]));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

const small = { limits: { linesMax: 200, charactersMax: 1_000_000 }, pageBytes: 500 };
const lastLine = (feed: TextFeed) => numbersOf(feed).at(-1);

describe("findTime", () => {
  it("finds the first entry of a time or later", async () => {
    await using client = await ClientWorld.create();
    await client.world.createProcess();
    for (let n = 1; n <= 9; n++) await client.world.append(`${n}`);
    const channel = client.client("sub", "auto").process("p").channel("out");
    const times: number[] = [];
    for await (const { timestamp } of channel.entries()) if (times.push(timestamp) === 9) break;
    const find = (timeMs: number) =>
      findTime(channel, { first: 1, last: 9 }, timeMs, new AbortController().signal);
    expect(await find(0)).toBe(1);
    expect(await find(Infinity)).toBe(9);
    for (const time of times) expect(await find(time)).toBe(times.indexOf(time) + 1);
  });
});

describe("TextFeed", () => {
  it("shows the last lines and goes on with those that come, in a bounded window", async () => {
    await using world = await LinesWorld.create();
    await world.write(1_000);
    const feed = world.feed(small);
    await feed.followEnd();
    await until(feed, () => lastLine(feed) === 1_000);
    const first = numbersOf(feed)[0]!;
    expect(first).toBeGreaterThan(800);
    expect(numbersOf(feed)).toEqual(range(first, 1_000));

    await world.write(500);
    await until(feed, () => lastLine(feed) === 1_500);
    expect(feed.window.count).toBeLessThanOrEqual(213);
    expect(numbersOf(feed)).toEqual(range(numbersOf(feed)[0]!, 1_500));
    feed.close();
  });

  it("goes back to the beginning and forward to the end again, without a hole", async () => {
    await using world = await LinesWorld.create();
    await world.write(1_000);
    const feed = world.feed(small);
    await feed.followEnd();
    await until(feed, () => lastLine(feed) === 1_000);
    feed.stopFollowing();

    while (feed.hasOlder) {
      await feed.loadOlder();
      const numbers = numbersOf(feed);
      expect(numbers).toEqual(range(numbers[0]!, numbers.at(-1)!));
      expect(numbers.length).toBeLessThanOrEqual(201);
    }
    expect(numbersOf(feed)[0]).toBe(1);

    feed.show({ end: feed.window.count });
    await until(feed, () => {
      feed.show({ end: feed.window.count });
      return lastLine(feed) === 1_000;
    });
    expect(numbersOf(feed)).toEqual(range(numbersOf(feed)[0]!, 1_000));
    feed.close();
  });

  it("jumps to a place, begins there with a whole line, and waits while nobody looks further", async () => {
    await using world = await LinesWorld.create();
    await world.write(20_000);
    const feed = world.feed();
    await feed.jumpTo(100);
    await until(feed, () => feed.window.count >= 5_000);
    await until(feed, () => feed.state.kind === "behind");
    // What it has read of the last one may end anywhere.
    const numbers = numbersOf(feed).slice(0, -1);
    expect(numbers[0]).toBeGreaterThan(100);
    expect(numbers).toEqual(range(numbers[0]!, numbers.at(-1)!));
    expect(feed.window.count).toBeLessThan(20_000);

    await feed.followEnd();
    await until(feed, () => lastLine(feed) === 20_000);
    feed.close();
  });

  it("finds a line that is not there, and keeps it while older ones are put before it", async () => {
    await using world = await LinesWorld.create();
    await world.write(20_000);
    const feed = world.feed({ limits: { linesMax: 12_000, charactersMax: 1_000_000 } });
    await feed.followEnd();
    await until(feed, () => lastLine(feed) === 20_000);
    feed.stopFollowing();
    await feed.jumpTo(1_900);
    await until(feed, () => feed.window.count > 0);
    const { signal } = new AbortController();
    const options = { query: "line 11111", signal, onProgress: () => undefined };
    const line = await feed.find("above", options);
    expect(line?.text).toBe("line 11111");
    await feed.jumpToLine(line!);
    await until(feed, () => feed.window.count > 5_000);
    expect(numbersOf(feed)[0]).toBe(11_111);

    for (let n = 0; n < 3; n++) await feed.loadOlder();
    expect(numbersOf(feed)).toContain(11_111);
    const complete = numbersOf(feed).slice(0, -1);
    expect(complete).toEqual(range(complete[0]!, complete.at(-1)!));
    expect(feed.state.kind).toBe("behind");
    expect(feed.hasNewer).toBe(true);
    const below = await feed.find("below", { ...options, query: "line 19999" });
    expect(below?.text).toBe("line 19999");
    feed.close();
  });

  it("begins at the beginning of a line that is larger than its window, and waits there", async () => {
    await using client = await ClientWorld.create();
    await client.world.createProcess();
    const out = client.client("exe", "auto").process("p").channel("out");
    await out.sendMany(["before\n", "x".repeat(3_000_000)]);
    const process = client.client("sub", "auto").process("p");
    const feed = new TextFeed(process, "out", {
      limits: { linesMax: 20_000, charactersMax: 1_000_000 },
    });
    await feed.jumpTo(1);
    await until(feed, () => feed.window.charactersFrom(0) > 500_000);
    await until(feed, () => feed.state.kind === "live");
    expect(feed.window.line(0)?.text).toBe("before");
    expect(feed.window.charactersFrom(0)).toBeLessThan(1_000_000);

    await until(feed, () => {
      feed.show({ end: feed.window.count });
      return feed.window.end.position === 2 && feed.window.end.offset === 3_000_000;
    });
    expect(feed.window.charactersFrom(0)).toBeLessThan(1_100_000);
    feed.close();
  });
});

// Run as a program of its own with `--expose-gc`, by the part about growth: one curve of one store. It makes a world for
// each point of the curve, measures the memory that each takes, and then what appends and deliveries cost in all of them
// in turns. Prints points as JSON: `{ x, bytesEach, appendUs, deliverUs }`, the last two with a figure for each round.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { Broker, MemoryStore } from "../dist/index.js";
import { NodeDirectory, SegmentLogStore } from "../dist/stores/segment-log/index.js";
import { measureMemory } from "./memory-use.mjs";
import { withDirectory } from "./stored-batch.mjs";

const caller = { identity: "submitter", isAdmin: false };
const limits = {
  ...{ entriesPerSecond: 1e9, entryBurst: 1e9, openProcessesPerSubmitter: Infinity },
  ...{ maxLogEntries: 1e9, subscriptionsPerProcess: 1e6, openChannelsMax: 1e6 },
};
const channelsPerProcess = 100;
const inFlight = 64;
const smallBytes = 64;
const batchBytes = 1024 * 1024;
const warmUps = 3;

/** A broker over a store of its own, with so many channels and so many subscriptions to each. */
class World {
  #entries;
  #repeats;
  #used;
  #payload;
  #turn = 0;
  readers = [];

  /** A measurement appends so many `entries` to so many `used` channels and reads them, that many times. */
  constructor({ entries, repeats = 1, used = 1, bytes = smallBytes }) {
    this.#entries = entries;
    this.#repeats = repeats;
    this.#used = used;
    this.#payload = new Uint8Array(bytes).fill(120);
  }

  async open(kind, path) {
    await mkdir(path, { recursive: true });
    const store =
      kind === "memory"
        ? new MemoryStore()
        : await SegmentLogStore.open({ directory: new NodeDirectory(path), sync: "never" });
    this.broker = new Broker({ store, limits });
    this.close = async () => {
      for (const reader of this.readers) reader.close();
      await this.broker.close();
      await store.close();
    };
    await this.broker.start();
  }

  async addChannels(count) {
    this.channels = [];
    for (let first = 0; first < count; first += channelsPerProcess) {
      const length = Math.min(channelsPerProcess, count - first);
      const names = Array.from({ length }, (_, index) => `c${index}`);
      const id = `p${first}`;
      await this.broker.createProcess(caller, { id, channels: names.map((name) => ({ name })) });
      for (const name of names) this.channels.push([id, name]);
    }
  }

  async fill(count) {
    const [id, name] = this.channels[0];
    const payload = this.#payload;
    const together = Math.min(1_000, Math.floor(batchBytes / payload.byteLength));
    for (let left = count; left > 0; left -= together) {
      const batch = Array.from({ length: Math.min(together, left) }, () => ({
        // Of each its own, as it comes from the wire.
        payload: payload.slice(),
      }));
      await this.broker.append(caller, id, name, batch);
    }
  }

  async subscribe(each) {
    for (let count = 0; count < each; count++)
      for (const [id, name] of this.channels)
        this.readers.push(await this.broker.subscribe(caller, id, name));
  }

  /**
   * Microseconds of the processor for each entry, and for each delivery of what was appended, to all who read it. Not of
   * the clock: whoever else uses the machine is not to bend the curve.
   */
  async measure() {
    let appendUs = 0;
    let deliverUs = 0;
    for (let repeat = 0; repeat < this.#repeats; repeat++) {
      // Channels that lie apart, others each time: those that were used last are quick wherever there are many.
      const stride = this.channels.length / this.#used;
      const places = Array.from(
        { length: this.#used },
        (_, index) => index * stride + (this.#turn % stride),
      );
      this.#turn++;
      const start = process.cpuUsage();
      await this.#append(places);
      appendUs += cpuUsSince(start);
      const appended = process.cpuUsage();
      await this.#deliver(places);
      deliverUs += cpuUsSince(appended);
    }
    const appends = this.#entries * this.#repeats;
    const readersEach = this.readers.length / this.channels.length;
    return { appendUs: appendUs / appends, deliverUs: deliverUs / (appends * readersEach) };
  }

  async #append(places) {
    const entry = [{ payload: this.#payload }];
    let begun = 0;
    const loop = async () => {
      while (begun < this.#entries) {
        const [id, name] = this.channels[places[begun++ % places.length]];
        await this.broker.append(caller, id, name, entry);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, loop));
  }

  async #deliver(places) {
    const own = this.#entries / places.length;
    for (let first = 0; first < this.readers.length; first += this.channels.length)
      for (const place of places) {
        let taken = 0;
        while (taken < own) {
          const { kind, entries } = await this.readers[first + place].next();
          if (kind !== "entries") throw new Error(`a reader got ${kind}`);
          taken += entries.length;
        }
        if (taken !== own) throw new Error(`delivered ${taken} of ${own}`);
      }
  }
}

function cpuUsSince(start) {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

/** Points of each curve, the world of a point and what is to be in it; that returns of how many its memory is. */
const curves = {
  log: {
    points: [1_000, 10_000, 100_000],
    create: () => new World({ entries: 2_000 }),
    async prepare(world, x) {
      await world.addChannels(1);
      await world.fill(x);
      await world.subscribe(1);
      return x;
    },
  },
  channels: {
    points: [100, 1_000, 10_000],
    create: () => new World({ entries: 2_000, used: 100 }),
    async prepare(world, x) {
      await world.addChannels(x);
      await world.subscribe(1);
      return x;
    },
  },
  subscribers: {
    points: [10, 100, 1_000],
    create: (x) => new World({ entries: 20, repeats: Math.max(20, 5_000 / x) }),
    async prepare(world, x) {
      await world.addChannels(1);
      await world.subscribe(x);
      return x;
    },
  },
  payload: {
    points: [64, 1024, 8 * 1024, 64 * 1024],
    create: (x) => new World({ entries: 200, repeats: x > 8 * 1024 ? 1 : 5, bytes: x }),
    async prepare(world) {
      const count = 500;
      await world.addChannels(1);
      await world.fill(count);
      await world.subscribe(1);
      return count;
    },
  },
};

async function measureCurve({ points, create, prepare }, kind, rounds, path) {
  const measured = [];
  for (const x of points) {
    const world = create(x);
    const before = measureMemory();
    await world.open(kind, join(path, String(x)));
    const count = await prepare(world, x);
    const bytesEach = (measureMemory().heapBytes - before.heapBytes) / count;
    measured.push({ x, world, bytesEach, appendUs: [], deliverUs: [] });
  }
  for (let round = 0; round < rounds + warmUps; round++)
    for (const { world, appendUs, deliverUs } of measured) {
      // What others have left is not collected on the account of this one.
      globalThis.gc();
      const turn = await world.measure();
      if (round < warmUps) continue;
      appendUs.push(turn.appendUs);
      deliverUs.push(turn.deliverUs);
    }
  for (const { world } of measured) await world.close();
  return measured.map(({ x, bytesEach, appendUs, deliverUs }) => ({
    ...{ x, bytesEach, appendUs, deliverUs },
  }));
}

const [curve, kind, rounds] = process.argv.slice(2);
await withDirectory(async (path) => {
  console.log(JSON.stringify(await measureCurve(curves[curve], kind, Number(rounds), path)));
});

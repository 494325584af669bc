import { describe, expect, it } from "vitest";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import type { StoreFile } from "../../src/stores/segment-log/store-directory.ts";
import { nextTurn, SeededScheduler } from "./seeded-scheduler.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { sectorBytes } from "./simulated-file.ts";

interface DiskWorld {
  readonly disk: SimulatedDisk;
  readonly scheduler: SeededScheduler;
  /** Lets the disk work until this is answered. */
  readonly settle: <Value>(answer: Promise<Value>) => Promise<Value>;
  /** A file with this in it; its name is synced. */
  readonly createFile: (name: string, text?: string) => Promise<StoreFile>;
  readonly textOf: (name: string) => string | undefined;
}

function createWorld(seed: number): DiskWorld {
  const random = createSeededRandom(seed);
  const scheduler = new SeededScheduler(random);
  const disk = new SimulatedDisk(random, scheduler);
  const settle: DiskWorld["settle"] = async (answer) => {
    let isSettled = false;
    const settled = answer.finally(() => (isSettled = true));
    settled.catch(() => undefined);
    for (await nextTurn(); !isSettled && !scheduler.isIdle;) await scheduler.step();
    return settled;
  };
  return {
    disk,
    scheduler,
    settle,
    createFile: async (name, text = "") => {
      const directory = disk.openDirectory();
      const file = await settle(directory.create(name));
      if (text !== "") await settle(file.write([Buffer.from(text)], 0));
      await settle(directory.sync());
      return file;
    },
    textOf: (name) => {
      const contents = disk.contentsOf(name);
      return contents && Buffer.from(contents).toString();
    },
  };
}

/** What comes out over many seeds. */
async function outcomes(run: (world: DiskWorld) => Promise<unknown>): Promise<Set<unknown>> {
  const seen = new Set<unknown>();
  for (let seed = 1; seed <= 200; seed++) seen.add(await run(createWorld(seed)));
  return seen;
}

const full = (letter: string) => letter.repeat(sectorBytes);

describe("a simulated disk", () => {
  it("keeps what was synced, and any sectors of what was not, when the power goes", async () => {
    const seen = await outcomes(async ({ disk, settle, createFile, textOf }) => {
      const file = await createFile("log", full("a") + full("b"));
      await settle(file.sync());
      await settle(file.write([Buffer.from(full("A") + full("B"))], 0));
      disk.losePower();
      return textOf("log");
    });
    expect(seen).toEqual(
      new Set([
        full("a") + full("b"),
        full("A") + full("b"),
        full("a") + full("B"),
        full("A") + full("B"),
      ]),
    );
  });

  it("may lose the size and the contents of what was not synced apart from each other", async () => {
    const seen = await outcomes(async ({ disk, createFile, textOf }) => {
      await createFile("log", "new");
      disk.losePower();
      return textOf("log");
    });
    expect(seen).toEqual(new Set(["", "n", "ne", "new", "\0", "\0\0", "\0\0\0"]));
  });

  it("keeps everything that was answered when only the program is killed", async () => {
    const seen = await outcomes(async ({ disk, settle, createFile, textOf }) => {
      const file = await createFile("log", "old");
      await settle(disk.openDirectory().rename("log", "renamed"));
      await settle(file.write([Buffer.from("n"), Buffer.from("ew")], 0));
      disk.kill();
      return textOf("renamed");
    });
    expect(seen).toEqual(new Set(["new"]));
  });

  it("has done any part of a write that was under way when the program is killed", async () => {
    const seen = await outcomes(async ({ disk, createFile, textOf }) => {
      const file = await createFile("log", "abc");
      const write = file.write([Buffer.from("ABC")], 0);
      disk.kill();
      await expect(write).rejects.toMatchObject({ code: "EBADF" });
      return textOf("log");
    });
    expect(seen).toEqual(new Set(["abc", "Abc", "ABc", "ABC"]));
  });

  it("lets nothing more be done by a program that was killed", async () => {
    const { disk, settle, createFile, textOf } = createWorld(1);
    const directory = disk.openDirectory();
    const file = await createFile("log", "a");
    disk.kill();

    const zombieCalls = [
      directory.create("other"),
      directory.list(),
      directory.remove("log"),
      file.write([Buffer.from("b")], 0),
      file.sync(),
    ];

    for (const call of zombieCalls) await expect(call).rejects.toMatchObject({ code: "EBADF" });
    expect(textOf("log")).toBe("a");
    await expect(settle(disk.openDirectory().list())).resolves.toEqual(["log"]);
  });

  it("never makes good by a later sync what a failed one has lost", async () => {
    const seen = await outcomes(async ({ disk, settle, createFile, textOf }) => {
      const file = await createFile("log", "old");
      await settle(file.sync());
      await settle(file.write([Buffer.from("new")], 0));
      disk.planFault("EIO", { kind: "sync" });
      await expect(settle(file.sync())).rejects.toMatchObject({ code: "EIO" });
      expect(textOf("log")).toBe("new");
      await settle(file.sync());
      disk.losePower();
      return textOf("log");
    });
    expect(seen).toEqual(new Set(["old", "new"]));
  });

  it("may read from the platter what a failed sync has lost, once the program was killed", async () => {
    const seen = await outcomes(async ({ disk, settle, createFile, textOf }) => {
      const file = await createFile("log", "old");
      await settle(file.sync());
      await settle(file.write([Buffer.from("new")], 0));
      disk.planFault("EIO", { kind: "sync" });
      await expect(settle(file.sync())).rejects.toMatchObject({ code: "EIO" });
      disk.kill();
      return textOf("log");
    });
    expect(seen).toEqual(new Set(["old", "new"]));
  });

  it("covers by a sync only what was written before it began", async () => {
    const seen = await outcomes(async ({ disk, settle, createFile, textOf }) => {
      const file = await createFile("log", "1--");
      const sync = file.sync();
      const write = file.write([Buffer.from("2")], 1);
      await settle(sync);
      await settle(write);
      disk.losePower();
      return textOf("log");
    });
    expect(seen).toEqual(new Set(["1--", "12-"]));
  });

  it("loses names that were not synced, and brings old ones back, each change as a whole", async () => {
    const seen = await outcomes(async ({ disk, settle, createFile }) => {
      await createFile("a");
      const directory = disk.openDirectory();
      await settle(directory.create("b"));
      await settle(directory.rename("a", "c"));
      disk.losePower();
      return (await settle(disk.openDirectory().list())).toSorted().join("");
    });
    expect(seen).toEqual(new Set(["a", "ab", "bc", "c"]));
  });

  it("has all names on the platter after a sync, also those that another sync is writing", async () => {
    const seen = await outcomes(async ({ disk, scheduler, settle, createFile }) => {
      await createFile("a");
      const directory = disk.openDirectory();
      await settle(directory.rename("a", "b"));
      void directory.sync();
      await scheduler.step();
      await settle(directory.sync());
      disk.losePower();
      return (await settle(disk.openDirectory().list())).join("");
    });
    expect(seen).toEqual(new Set(["b"]));
  });

  it("fails a sync of names with the one that was writing them", async () => {
    const seen = await outcomes(async ({ disk, scheduler, settle, createFile }) => {
      await createFile("a");
      const directory = disk.openDirectory();
      await settle(directory.rename("a", "b"));
      disk.planFault("EIO", { kind: "syncDirectory" });
      const failing = directory.sync().catch(() => "failed");
      await scheduler.step();
      const outcome = await settle(directory.sync()).catch(() => "failed");
      disk.losePower();
      const names = (await settle(disk.openDirectory().list())).join("");
      return `${await failing} ${outcome ?? "done"} ${names}`;
    });
    // A sync that begins when the other has failed knows nothing of the names, and does not fail.
    const outcomesMet = ["failed failed a", "failed failed b", "failed done a", "failed done b"];
    expect(seen).toEqual(new Set(outcomesMet));
  });

  it("gives the room of a file back when it was removed and is no longer open", async () => {
    const { disk, settle, createFile } = createWorld(1);
    const first = await createFile("first", full("a"));
    const second = await createFile("second");
    disk.capacityBytes = disk.usedBytes;
    const write = () => settle(second.write([Buffer.from(full("b"))], 0));

    await expect(write()).rejects.toMatchObject({ code: "ENOSPC" });
    await expect(settle(first.write([Buffer.from(full("c"))], 0))).resolves.toBe(sectorBytes);
    await settle(disk.openDirectory().remove("first"));
    await expect(write()).rejects.toMatchObject({ code: "ENOSPC" });
    await settle(first.close());
    await expect(write()).resolves.toBe(sectorBytes);
  });

  it("writes what there is room for", async () => {
    const { disk, settle, createFile } = createWorld(1);
    const file = await createFile("log");
    disk.capacityBytes = disk.usedBytes + sectorBytes;

    const written = await settle(file.write([Buffer.from(full("a") + full("b"))], 100));

    expect(written).toBe(sectorBytes - 100);
  });

  it("fails the call that was named, and only that", async () => {
    const { disk, settle, createFile } = createWorld(1);
    const file = await createFile("log");
    disk.planFault("short", { kind: "write", nth: 2 });
    disk.planFault("EIO", { nth: 4 });
    const write = () => settle(file.write([Buffer.from("abc")], 0));

    expect(await write()).toBe(3);
    expect(await write()).toBeLessThan(3);
    expect(await write()).toBe(3);
    await expect(write()).rejects.toMatchObject({ code: "EIO" });
    expect(await write()).toBe(3);
    expect(disk.faultCount).toBe(2);
  });

  it("does calls on other places in any order, and on the same place in the order made", async () => {
    const seen = await outcomes(async ({ settle, createFile, textOf }) => {
      const file = await createFile("log", "--");
      const order: string[] = [];
      const write = async (text: string, position: number) => {
        await file.write([Buffer.from(text)], position);
        order.push(text);
      };
      await settle(Promise.all([write("a", 0), write("b", 0), write("c", 1)]));
      expect(textOf("log")).toBe("bc");
      return order.join("");
    });
    expect(seen).toEqual(new Set(["abc", "acb", "cab"]));
  });

  it("does the same again by the same seed", async () => {
    const run = async (seed: number) => {
      const { disk, settle, createFile, textOf } = createWorld(seed);
      const file = await createFile("log", full("a"));
      await settle(Promise.all([file.sync(), file.write([Buffer.from(full("b"))], 300)]));
      disk.losePower();
      return textOf("log");
    };
    for (let seed = 1; seed < 20; seed++) expect(await run(seed)).toBe(await run(seed));
  });
});

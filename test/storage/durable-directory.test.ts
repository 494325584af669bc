import { describe, expect, it } from "vitest";
import { DurableDirectory } from "../../src/stores/segment-log/durable-directory.ts";
import { StoreWorld } from "./store-world.ts";

const seedsMax = 200;
const changesAtOnce = 4;

/** Several renames at once, the sync of one of which fails: how each of them ended. */
async function renameAtOnce(
  world: StoreWorld,
): Promise<readonly (readonly [name: string, isDone: boolean])[]> {
  const directory = new DurableDirectory(world.disk.openDirectory());
  const names = Array.from({ length: changesAtOnce }, (_, index) => `file-${index}`);
  for (const name of names) await world.drive(directory.create(`${name}.new`));
  const nth = 1 + world.random(changesAtOnce);
  world.disk.planFault("EIO", { kind: "syncDirectory", nth });
  const ends = names.map((name) =>
    directory.rename(`${name}.new`, name).then(
      () => true,
      () => false,
    ),
  );
  const areDone = await world.drive(Promise.all(ends));
  return names.map((name, index) => [name, areDone[index] as boolean]);
}

describe("names of a directory", () => {
  it("are on disk once their change is done, though another change failed at the same time", async () => {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const world = new StoreWorld(seed);
      const ends = await renameAtOnce(world);
      expect(ends.filter(([, isDone]) => isDone)).toHaveLength(changesAtOnce - 1);
      world.losePower();
      const found = await world.drive(world.disk.openDirectory().list());
      for (const [name, isDone] of ends) if (isDone) expect(found).toContain(name);
    }
  });

  it("do not come back once their removal is done", async () => {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const world = new StoreWorld(seed);
      const directory = new DurableDirectory(world.disk.openDirectory());
      for (const name of ["a", "b"]) {
        await world.drive(directory.create(`${name}.new`));
        await world.drive(directory.rename(`${name}.new`, name));
      }
      await world.drive(directory.remove("a", "b", "never-there"));
      world.losePower();
      const found = await world.drive(world.disk.openDirectory().list());
      expect(found).not.toContain("a");
      expect(found).not.toContain("b");
    }
  });
});

import { describe, expect, it } from "vitest";
import { createRunning, createWorld, exe, inputs, sub } from "../../../test/broker-world.ts";
import { MemoryStore } from "../../stores/memory/memory-store.ts";
import type { Batch, ChannelKey, Revision } from "../store.ts";

/** Acknowledges batches of a kind, and has lost them when it is asked. */
class LossyStore extends MemoryStore {
  #lost: Batch["kind"] | undefined;

  lose(kind: Batch["kind"] | undefined): void {
    this.#lost = kind;
  }

  override async append(
    key: ChannelKey,
    batch: Batch,
    expected: Revision | undefined,
  ): Promise<Revision> {
    if (batch.kind !== this.#lost) return await super.append(key, batch, expected);
    return expected ?? 0;
  }
}

/** A process that its record says to be closed, and whose log is without the seal. */
async function closeWithoutSeal() {
  const store = new LossyStore();
  const { broker } = createWorld({}, store);
  await createRunning({ broker });
  await broker.append(exe, "p", "out", inputs("one", "two"));
  store.lose("seal");
  await broker.closeProcess(exe, "p", { status: "failed", error: "exit code 7" });
  await broker.close();
  store.lose(undefined);
  return store;
}

describe("a log that has lost its seal", () => {
  it("gets it when it is opened, so that readers come to their end", async () => {
    const store = await closeWithoutSeal();
    const { broker } = createWorld({}, store);
    await broker.start();
    const subscription = await broker.subscribe(sub, "p", "out", { after: "start" });
    const kinds: unknown[] = [];
    for await (const item of subscription)
      kinds.push(item.kind === "end" ? [item.reason, item.outcome] : item.kind);
    expect(kinds).toEqual(["entries", ["closed", { status: "failed", error: "exit code 7" }]]);
  });

  it("gets it once, however many come for it", async () => {
    const store = await closeWithoutSeal();
    const key = { life: "", processId: "p", channel: "out" };
    const { record } = (await store.readRecord("p"))!;
    Object.assign(key, { life: record.life });
    const batches: string[] = [];
    store.follow(key, ({ batch }) => batches.push(batch.kind));
    const worlds = [createWorld({}, store), createWorld({}, store)];
    const views = worlds.map(({ broker }) => broker.getChannel(sub, "p", "out"));
    for (const view of await Promise.all(views))
      expect(view.outcome).toEqual({ status: "failed", error: "exit code 7" });
    expect(batches).toEqual(["seal"]);
  });

  it("is begun anew with it where nothing of it is left", async () => {
    const store = new LossyStore();
    store.lose("open");
    const { broker } = createWorld({}, store);
    await expect(createRunning({ broker })).rejects.toThrow("could not be opened");
    const stored = (await store.readRecord("p"))!;
    const outcome = { status: "success" } as const;
    await store.updateRecord({ ...stored.record, state: "closed", outcome }, stored.revision);
    store.lose(undefined);
    const again = createWorld({}, store);
    expect(await again.broker.read(sub, "p", "out")).toMatchObject({ entries: [], outcome });
  });
});

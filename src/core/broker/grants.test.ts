import { describe, expect, it } from "vitest";
import {
  codeOf,
  createFaulty,
  createRunning,
  memoryLimits,
  inputs,
  other,
  pass,
  readAll,
  sub,
  exe,
  worldsWithin,
} from "../../../test/broker-world.ts";
import type { World } from "../../../test/broker-world.ts";
import type { GrantOp } from "../process-record.ts";
import { StoreRejection } from "../store.ts";
import type { Caller } from "./caller.ts";
import type { SubscriptionItem } from "./views.ts";

const secretHash = "hash";

async function createGrant(
  world: World,
  ops: readonly GrantOp[],
  fields: { channels?: readonly string[]; lifeMs?: number } = {},
): Promise<{ id: string; holder: Caller }> {
  const { lifeMs = 60_000, ...rest } = fields;
  const expiresAt = world.clock.now() + lifeMs;
  const { id } = await world.broker.grants.create(sub, "p", {
    secretHash,
    ops,
    expiresAt,
    ...rest,
  });
  const { caller } = await world.broker.grants.identify("p", { grantId: id, secretHash });
  return { id, holder: caller };
}

async function items(world: World, caller: Caller): Promise<() => SubscriptionItem[]> {
  const subscription = await world.broker.subscribe(caller, "p", "out", { after: "start" });
  const seen: SubscriptionItem[] = [];
  void (async () => {
    for await (const item of subscription) seen.push(item);
  })();
  return () => seen;
}

describe.each(memoryLimits)("grants, $name", ({ limits }) => {
  const createWorld = worldsWithin(limits);

  it("let their holder do what they name, in the channels they name, and nothing else", async () => {
    const world = createWorld();
    await world.broker.createProcess(sub, {
      id: "p",
      channels: [{ name: "out" }, { name: "other" }],
    });
    const { id, holder } = await createGrant(world, ["read", "append"], { channels: ["out"] });
    await world.broker.append(holder, "p", "out", inputs("hello"));
    const { entries } = await world.broker.read(holder, "p", "out");
    expect(entries.map(({ senderId }) => senderId)).toEqual([`grant:${id}`]);
    expect((await world.broker.listChannels(holder, "p")).map(({ spec }) => spec.name)).toEqual([
      "out",
    ]);
    const { broker } = world;
    expect(await codeOf(broker.read(holder, "p", "other"))).toBe("unauthorized");
    expect(await codeOf(broker.append(holder, "p", "other", inputs("x")))).toBe("unauthorized");
    expect(await codeOf(broker.requestCancel(holder, "p"))).toBe("forbidden");
    expect(await codeOf(broker.closeProcess(holder, "p", { status: "success" }))).toBe("forbidden");
    expect(await codeOf(broker.deleteProcess(holder, "p"))).toBe("forbidden");
    expect(await codeOf(broker.grants.list(holder, "p"))).toBe("forbidden");
    expect(await codeOf(broker.createProcess(holder, { channels: [] }))).toBe("forbidden");
  });

  it("are made, listed and revoked by the submitter only", async () => {
    const world = createWorld();
    await createRunning(world);
    const { id } = await createGrant(world, ["read"]);
    const { broker, clock } = world;
    const spec = { secretHash, ops: ["read"] as const, expiresAt: clock.now() + 1 };
    for (const caller of [exe, other]) {
      expect(await codeOf(broker.grants.create(caller, "p", spec))).toBe("forbidden");
      expect(await codeOf(broker.grants.list(caller, "p"))).toBe("forbidden");
      expect(await codeOf(broker.grants.revoke(caller, "p", id))).toBe("forbidden");
    }
    const grants = await broker.grants.list(sub, "p");
    expect(grants).toMatchObject([{ id, ops: ["read"], createdBy: "sub" }]);
    expect(JSON.stringify(grants)).not.toContain(secretHash);
    await broker.grants.revoke(sub, "p", id);
    expect(await broker.grants.list(sub, "p")).toEqual([]);
    expect(await codeOf(broker.grants.revoke(sub, "p", id))).toBe("grant_not_found");
  });

  it("that are revoked end their streams, and nothing of their holder comes after", async () => {
    const world = createWorld();
    await createRunning(world);
    const { id, holder } = await createGrant(world, ["read", "append"]);
    const kept = await createGrant(world, ["read"]);
    const seen = await items(world, holder);
    const others = await items(world, kept.holder);
    const watch = await world.broker.watchProcesses(holder, { processId: "p" });
    await watch.next();
    const racing = Array.from({ length: 20 }, (_, i) =>
      codeOf(world.broker.append(holder, "p", "out", inputs(`racing ${i}`))),
    );
    await world.broker.grants.revoke(sub, "p", id);
    const at = await readAll(world.broker);
    const outcomes = await Promise.all(racing);
    expect(await readAll(world.broker)).toEqual(at);
    expect(at).toHaveLength(outcomes.filter((code) => code === "none").length);
    expect(seen().at(-1)).toMatchObject({ kind: "end", reason: "revoked" });
    expect(others().at(-1)?.kind).not.toBe("end");
    expect(watch.isRevoked).toBe(true);
    expect(await codeOf(world.broker.append(holder, "p", "out", inputs("late")))).toBe(
      "unauthorized",
    );
    expect(await codeOf(world.broker.grants.identify("p", { grantId: id, secretHash }))).toBe(
      "unauthenticated",
    );
    // The executor has nothing to do with it: its term still counts.
    await world.broker.append(exe, "p", "out", inputs("on"), { term: 1 });
  });

  it("are refused with another secret, for another process, and once they have expired", async () => {
    const world = createWorld();
    await createRunning(world);
    const { id, holder } = await createGrant(world, ["read"], { lifeMs: 10_000 });
    const { grants } = world.broker;
    const wrong = { grantId: id, secretHash: "other" };
    expect(await codeOf(grants.identify("p", wrong))).toBe("unauthenticated");
    expect(await codeOf(grants.identify("q", { grantId: id, secretHash }))).toBe("unauthenticated");
    await pass(world.clock, 10_000);
    expect(await codeOf(grants.identify("p", { grantId: id, secretHash }))).toBe("token_expired");
    expect(await codeOf(world.broker.read(holder, "p", "out"))).toBe("unauthorized");
    expect(await grants.list(sub, "p")).toEqual([]);
  });

  it("are bounded in number, where expired ones make room, and in time", async () => {
    const world = createWorld({ grantsPerProcess: 2, grantLifeMsMax: 60_000 });
    await createRunning(world);
    await createGrant(world, ["read"], { lifeMs: 5_000 });
    await createGrant(world, ["read"]);
    expect(await codeOf(createGrant(world, ["read"]))).toBe("too_many_grants");
    await pass(world.clock, 5_000);
    await createGrant(world, ["cancel"]);
    expect(await codeOf(createGrant(world, ["read"], { lifeMs: 60_001 }))).toBe("invalid_argument");
    expect(await codeOf(createGrant(world, []))).toBe("invalid_argument");
    expect(await codeOf(createGrant(world, ["read"], { channels: ["none"] }))).toBe(
      "channel_not_found",
    );
  });

  it("of a process that has ended still let others read it", async () => {
    const world = createWorld();
    await createRunning(world);
    await world.broker.append(exe, "p", "out", inputs("all"));
    await world.broker.closeProcess(sub, "p", { status: "success" });
    const { id, holder } = await createGrant(world, ["read", "append"]);
    expect(await readAll(world.broker, holder)).toEqual(["all"]);
    await world.broker.grants.revoke(sub, "p", id);
    expect(await codeOf(readAll(world.broker, holder))).toBe("unauthorized");
  });
});

it("an append in doubt is not refused, though its grant has expired meanwhile", async () => {
  const { broker, clock, faulty } = createFaulty();
  await createRunning({ broker });
  const expiresAt = clock.now() + 1_000;
  const spec = { secretHash, ops: ["append"], expiresAt } as const;
  const { id: grantId } = await broker.grants.create(sub, "p", spec);
  const { caller } = await broker.grants.identify("p", { grantId, secretHash });
  faulty.fail("append", new StoreRejection("unavailable", "no answer"));
  const hold = faulty.hold("append");
  const code = codeOf(broker.append(caller, "p", "out", inputs("x")));
  await hold.reached;
  clock.advance(2_000);
  hold.release();
  expect(await code).toBe("unavailable");
});

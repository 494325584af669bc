// One test for each row of the seed's API (package `channel` of ColonyOS), named after it.
import { describe, expect, it } from "vitest";
import { codeOf, createRouter, takeAll, text } from "./seed-router.ts";

describe("Router of the seed, subscriptions and upkeep", () => {
  it("Subscribe: only entries from now on; { after } replays and tails in one", async () => {
    const router = createRouter();
    router.append("c1", "sub", 1, 0, "1");
    const live = router.subscribe("c1", "exe");
    const replay = router.subscribe("c1", "exe", { after: 0 });
    router.append("c1", "sub", 2, 0, "2");
    expect(text(live.tryNext())).toBe("2");
    expect(live.tryNext()).toBeUndefined();
    expect((await replay.nextBatch()).map(text)).toEqual(["1", "2"]);
    const waiting = live.next();
    router.append("c1", "sub", 3, 0, "3");
    expect(text(await waiting)).toBe("3");
    expect(codeOf(() => router.subscribe("none", "exe"))).toBe("channel_not_found");
    expect(codeOf(() => router.subscribe("c1", "nobody"))).toBe("unauthorized");
  });

  it("slow subscriber: is removed on overflow, keeps what it holds less one, and ends with the error and where to resume", async () => {
    const router = createRouter({ subscriberBufferSize: 3 });
    const slow = router.subscribe("c1", "exe");
    const fast = router.subscribe("c1", "exe");
    for (const sequence of [1, 2, 3]) {
      router.append("c1", "sub", sequence, 0, String(sequence));
      fast.tryNext();
    }
    expect(router.subscriberCount("c1")).toBe(2);
    router.append("c1", "sub", 4, 0, "4");
    expect(router.subscriberCount("c1")).toBe(1);
    const held = await takeAll(slow);
    expect(held.map(text)).toEqual(["1", "2", ""]);
    expect([held[2]?.type, held[2]?.error, held[2]?.position]).toEqual([
      "error",
      "subscriber disconnected: buffer full",
      2,
    ]);
    expect(text(fast.tryNext())).toBe("4");
    const resumed = router.subscribe("c1", "exe", { after: held[2]?.position ?? 0 });
    expect((await resumed.nextBatch()).map(text)).toEqual(["3", "4"]);
  });

  it("slow subscriber: a replay however long is not slow", async () => {
    const router = createRouter({ subscriberBufferSize: 2 });
    for (let i = 1; i <= 10; i++) router.append("c1", "sub", i, 0, String(i));
    const replay = router.subscribe("c1", "exe", { after: 0 });
    router.append("c1", "sub", 11, 0, "11");
    expect(await replay.nextBatch()).toHaveLength(11);
  });

  it("Unsubscribe: removes and ends it; an unknown or ended one is left alone", async () => {
    const router = createRouter();
    const subscription = router.subscribe("c1", "exe");
    router.unsubscribe("none", subscription);
    expect(router.subscriberCount("c1")).toBe(1);
    router.unsubscribe("c1", subscription);
    router.unsubscribe("c1", subscription);
    expect(router.subscriberCount("c1")).toBe(0);
    router.append("c1", "sub", 1, 0, "x");
    expect(await takeAll(subscription)).toEqual([]);
  });

  it("SubscriberCount: live ones, none for an unknown channel", () => {
    const router = createRouter();
    router.subscribe("c1", "exe");
    router.subscribe("c1", "sub");
    expect([router.subscriberCount("c1"), router.subscriberCount("none")]).toEqual([2, 0]);
  });

  it("SetExecutorID: replaces, ends the replaced one's subscriptions, refuses an unknown channel", () => {
    const router = createRouter();
    const old = router.subscribe("c1", "exe");
    const submitters = router.subscribe("c1", "sub");
    router.setExecutorId("c1", "new");
    expect([old.isClosed, submitters.isClosed]).toEqual([true, false]);
    router.append("c1", "new", 1, 0, "x");
    expect(codeOf(() => router.append("c1", "exe", 1, 0, "x"))).toBe("unauthorized");
    expect(codeOf(() => router.setExecutorId("none", "new"))).toBe("channel_not_found");
    router.setExecutorId("c1", "");
    expect(codeOf(() => router.append("c1", "", 1, 0, "x"))).toBe("unauthorized");
  });

  it("SetExecutorIDForProcess: all its channels; an unknown process is nothing", () => {
    const router = createRouter();
    router.create({ id: "c2", processId: "p1", name: "two", submitterId: "sub" });
    router.setExecutorIdForProcess("p1", "new");
    router.setExecutorIdForProcess("none", "new");
    expect(router.getChannelsByProcess("p1").map((channel) => channel.executorId)).toEqual([
      "new",
      "new",
    ]);
  });

  it("CleanupProcess: channels, index, rate limiter and subscriptions go; others stay; twice is nothing", async () => {
    const router = createRouter({ messageBurst: 1, messagesPerSecond: 0 });
    router.create({ id: "d1", processId: "p2", name: "chat", submitterId: "sub" });
    router.append("c1", "sub", 1, 0, "x");
    const subscription = router.subscribe("c1", "exe");
    router.cleanupProcess("p1");
    router.cleanupProcess("p1");
    router.cleanupProcess("none");
    expect(await takeAll(subscription)).toEqual([]);
    expect(router.stats()).toEqual({ channelCount: 1, processCount: 1 });
    expect(codeOf(() => router.get("c1"))).toBe("channel_not_found");
    router.create({ id: "c1", processId: "p1", name: "chat", submitterId: "sub" });
    router.append("c1", "sub", 1, 0, "a new bucket");
  });

  it("GetSequence and GetLogSize", () => {
    const router = createRouter();
    expect([router.getSequence("c1"), router.getLogSize("c1")]).toEqual([0, 0]);
    router.append("c1", "sub", 77, 0, "x");
    expect([router.getSequence("c1"), router.getLogSize("c1")]).toEqual([1, 1]);
    expect(codeOf(() => router.getSequence("none"))).toBe("channel_not_found");
    expect(codeOf(() => router.getLogSize("none"))).toBe("channel_not_found");
  });

  it("Stats: channels and processes", () => {
    expect(createRouter().stats()).toEqual({ channelCount: 1, processCount: 1 });
  });

  it("SetMaxChannelsPerProcess, SetMaxLogEntries, SetRateLimitEnabled, SetSubscriberBufferSize take effect for what comes after", () => {
    const router = createRouter({ messageBurst: 1, messagesPerSecond: 0, subscriberBufferSize: 1 });
    const before = router.subscribe("c1", "exe");
    router.setSubscriberBufferSize(10);
    const after = router.subscribe("c1", "exe");
    router.append("c1", "sub", 1, 0);
    router.setRateLimitEnabled(false);
    router.append("c1", "sub", 2, 0);
    expect([before.isClosed, after.isClosed]).toEqual([true, false]);
    router.setMaxLogEntries(2);
    expect(codeOf(() => router.append("c1", "sub", 3, 0))).toBe("channel_full");
    router.setMaxChannelsPerProcess(1);
    expect(
      codeOf(() => router.create({ id: "c2", processId: "p1", name: "two", submitterId: "sub" })),
    ).toBe("too_many_channels");
  });

  it("maxLogBytes: a log is bounded by bytes as well", () => {
    const router = createRouter({ maxLogBytes: 300 });
    router.append("c1", "sub", 1, 0, "x".repeat(200));
    expect(codeOf(() => router.append("c1", "sub", 2, 0, "x".repeat(200)))).toBe("channel_full");
  });
});

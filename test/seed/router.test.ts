// One test for each row of the seed's API (package `channel` of ColonyOS), named after it.
import { describe, expect, it } from "vitest";
import { isChannelError, Router } from "../../src/core/index.ts";
import type { RouterOptions } from "../../src/core/index.ts";
import { bytes, codeOf, createRouter, text } from "./seed-router.ts";

describe("Router of the seed", () => {
  it("NewRouter: 100 messages a second and a burst of 500 for each process", () => {
    let nowMs = 0;
    const router = createRouter({
      clock: { now: () => 0, monotonicMs: () => nowMs, after: () => ({ cancel: () => undefined }) },
    });
    router.create({ id: "c2", processId: "p1", name: "other", submitterId: "sub" });
    for (let i = 1; i <= 500; i++) router.append(i % 2 === 0 ? "c1" : "c2", "sub", i, 0);
    expect(codeOf(() => router.append("c1", "sub", 501, 0))).toBe("rate_limit_exceeded");
    nowMs = 10;
    router.append("c1", "sub", 501, 0);
    expect(codeOf(() => router.append("c1", "sub", 502, 0))).toBe("rate_limit_exceeded");
    router.create({ id: "d1", processId: "p2", name: "chat", submitterId: "sub" });
    router.append("d1", "sub", 1, 0);
  });

  it("NewRouterWithoutRateLimit: rate limit off", () => {
    const router = Router.withoutRateLimit();
    router.create({ id: "c", processId: "p", name: "n", submitterId: "s" });
    for (let i = 1; i <= 2_000; i++) router.append("c", "s", i, 0);
    expect(router.getLogSize("c")).toBe(2_000);
  });

  it("NewRouterForTesting: no refill, after 500 the 501st fails, always", () => {
    let nowMs = 0;
    const router = Router.forTesting({
      clock: { now: () => 0, monotonicMs: () => nowMs, after: () => ({ cancel: () => undefined }) },
    });
    router.create({ id: "c", processId: "p", name: "n", submitterId: "s" });
    for (let i = 1; i <= 500; i++) router.append("c", "s", i, 0);
    nowMs = 1e9;
    expect(codeOf(() => router.append("c", "s", 501, 0))).toBe("rate_limit_exceeded");
  });

  it("options: every limit is one; unknown and impossible ones are programmer mistakes that name themselves", () => {
    expect(() => new Router({ maxLogEntries: -1 })).toThrow(RangeError);
    expect(() => new Router({ maxLogEntires: 1 } as RouterOptions)).toThrow(/maxLogEntires/);
  });

  it("Create: refuses a known id, a second channel of one name, and a 101st channel; keeps a log that comes along", () => {
    const router = new Router();
    router.create({
      id: "c0",
      processId: "p",
      name: "n0",
      submitterId: "s",
      log: [{ senderId: "s", sequence: 4, payload: bytes("old") }],
    });
    expect(
      codeOf(() => router.create({ id: "c0", processId: "q", name: "x", submitterId: "s" })),
    ).toBe("channel_exists");
    expect(
      codeOf(() => router.create({ id: "cx", processId: "p", name: "n0", submitterId: "s" })),
    ).toBe("channel_exists");
    for (let i = 1; i < 100; i++)
      router.create({ id: `c${i}`, processId: "p", name: `n${i}`, submitterId: "s" });
    expect(
      codeOf(() => router.create({ id: "c100", processId: "p", name: "n100", submitterId: "s" })),
    ).toBe("too_many_channels");
    expect(
      router
        .readAfter("c0", "s", 0, 0)
        .map((entry) => [entry.position, entry.sequence, text(entry)]),
    ).toEqual([[1, 4, "old"]]);
    expect(router.stats()).toEqual({ channelCount: 100, processCount: 1 });
  });

  it("CreateIfNotExists: a known id is a success, also at the limit; of another process or name it is an error", () => {
    const router = new Router({ maxChannelsPerProcess: 1 });
    const init = { id: "c", processId: "p", name: "n", submitterId: "s" };
    router.createIfNotExists(init);
    router.createIfNotExists(init);
    expect(codeOf(() => router.createIfNotExists({ ...init, name: "other" }))).toBe(
      "channel_exists",
    );
    expect(codeOf(() => router.createIfNotExists({ ...init, processId: "q" }))).toBe(
      "channel_exists",
    );
    expect(codeOf(() => router.createIfNotExists({ ...init, id: "d", name: "m" }))).toBe(
      "too_many_channels",
    );
  });

  it("Get, GetByProcessAndName, GetChannelsByProcess", () => {
    const router = createRouter();
    router.create({ id: "a", processId: "p1", name: "aaa", submitterId: "sub" });
    expect(router.get("c1").name).toBe("chat");
    expect(codeOf(() => router.get("none"))).toBe("channel_not_found");
    expect(router.getByProcessAndName("p1", "aaa").id).toBe("a");
    expect(codeOf(() => router.getByProcessAndName("p1", "none"))).toBe("channel_not_found");
    expect(codeOf(() => router.getByProcessAndName("none", "chat"))).toBe("channel_not_found");
    expect(router.getChannelsByProcess("p1").map((channel) => channel.id)).toEqual(["c1", "a"]);
    expect(router.getChannelsByProcess("none")).toEqual([]);
  });

  it("Append: size first, then channel, authority, rate, fullness; a refused append takes no token", () => {
    const router = createRouter({
      payloadBytesMax: 4,
      maxLogEntries: 1,
      messageBurst: 2,
      messagesPerSecond: 0,
    });
    expect(codeOf(() => router.append("none", "nobody", 1, 0, "12345"))).toBe("message_too_large");
    expect(codeOf(() => router.append("none", "nobody", 1, 0, "1234"))).toBe("channel_not_found");
    expect(codeOf(() => router.append("c1", "nobody", 1, 0, "1234"))).toBe("unauthorized");
    router.append("c1", "sub", 1, 0, "1234");
    for (let i = 0; i < 5; i++)
      expect(codeOf(() => router.append("c1", "sub", 2, 0))).toBe("channel_full");
    router.setMaxLogEntries(2);
    router.append("c1", "sub", 2, 0);
    expect(codeOf(() => router.append("c1", "sub", 3, 0))).toBe("rate_limit_exceeded");
  });

  it("Append: empty and missing payloads, sequence 0, and exactly 10 MiB are fine; one byte more is not", () => {
    const router = createRouter();
    router.append("c1", "sub", 0, 0);
    router.append("c1", "sub", 0, 0, new Uint8Array(0));
    router.append("c1", "sub", 0, 0, new Uint8Array(10 * 1024 * 1024));
    expect(router.readAfter("c1", "sub", 0, 0).map((entry) => entry.payload.byteLength)).toEqual([
      0,
      0,
      10 * 1024 * 1024,
    ]);
    try {
      router.append("c1", "sub", 0, 0, new Uint8Array(10 * 1024 * 1024 + 1));
      expect.unreachable();
    } catch (error) {
      expect(isChannelError(error, "message_too_large") && error.details.limitBytes).toBe(
        10 * 1024 * 1024,
      );
    }
  });

  it("Append: a repeat with the same content succeeds where deduplication is on, also when full and without a token", () => {
    const router = createRouter({
      deduplication: true,
      maxLogEntries: 1,
      messageBurst: 1,
      messagesPerSecond: 0,
    });
    router.append("c1", "sub", 5, 0, "x");
    router.append("c1", "sub", 5, 0, "x");
    expect(router.getLogSize("c1")).toBe(1);
    expect(codeOf(() => router.append("c1", "sub", 5, 0, "y"))).toBe("sequence_conflict");
    const off = createRouter();
    off.append("c1", "sub", 5, 0, "x");
    off.append("c1", "sub", 5, 0, "x");
    expect(off.getLogSize("c1")).toBe(2);
  });

  it("AppendWithType: data, end, error and <area>.<name>; nonsense is refused", () => {
    const router = createRouter();
    for (const type of ["data", "end", "error", "progress.step", "a.b.c"])
      router.appendWithType("c1", "sub", 1, 0, "", type);
    expect(router.readAfter("c1", "sub", 0, 0).map((entry) => entry.type)).toEqual([
      "data",
      "end",
      "error",
      "progress.step",
      "a.b.c",
    ]);
    for (const type of ["", "End", "progress", "a..b", "a.b\n", "a.".repeat(90)]) {
      expect(codeOf(() => router.appendWithType("c1", "sub", 1, 0, "", type))).toBe(
        "invalid_argument",
      );
    }
  });

  it("order of the log: per sender by sequence, otherwise by arrival; never moving what somebody has seen", () => {
    const router = createRouter();
    router.append("c1", "exe", 2, 0, "e2");
    router.append("c1", "sub", 9, 0, "s9");
    router.append("c1", "exe", 1, 0, "e1");
    expect(router.readAfter("c1", "sub", 0, 0).map(text)).toEqual(["e1", "e2", "s9"]);
    router.append("c1", "exe", 0, 0, "e0");
    expect(router.readAfter("c1", "sub", 0, 0).map(text)).toEqual(["e1", "e2", "s9", "e0"]);
  });

  it("order of the log: what a reader presents as its after, or a subscription begins behind, is fixed too", () => {
    for (const look of [
      (router: Router): unknown => router.readAfter("c1", "sub", 1, 0),
      (router: Router): unknown => router.subscribe("c1", "sub"),
      (router: Router): unknown => router.getSequence("c1"),
      (router: Router): unknown => router.get("c1").log,
    ]) {
      const router = createRouter();
      router.append("c1", "exe", 2, 0, "e2");
      look(router);
      router.append("c1", "exe", 1, 0, "e1");
      expect(router.readAfter("c1", "sub", 0, 0).map(text)).toEqual(["e2", "e1"]);
    }
  });

  it("ReadAfter: authority, negative counts as 0, past the end gives none, limit 0 is none, bytes are bounded", () => {
    const router = createRouter();
    for (const sequence of [1, 2, 3]) router.append("c1", "sub", sequence, 0, "x".repeat(100));
    const positions = (after: number, limit: number): number[] =>
      router.readAfter("c1", "exe", after, limit).map((entry) => entry.position);
    expect(codeOf(() => router.readAfter("c1", "nobody", 0, 0))).toBe("unauthorized");
    expect(codeOf(() => router.readAfter("none", "sub", 0, 0))).toBe("channel_not_found");
    expect([
      positions(0, 0),
      positions(-5, 2),
      positions(2, 0),
      positions(3, 0),
      positions(99, 0),
    ]).toEqual([[1, 2, 3], [1, 2], [3], [], []]);
    expect(router.readAfter("c1", "exe", 0, 0, { bytesMax: 1 })).toHaveLength(1);
    expect(router.readAfter("c1", "exe", 0, 0, { bytesMax: 400 })).toHaveLength(2);
  });
});

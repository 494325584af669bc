// One test for each row of the seed's API (package `channel` of ColonyOS), named after it.
import { describe, expect, it } from "vitest";
import { MsgType, RateLimiter, Router } from "../../src/core/index.ts";
import type { ChannelSpec, ProcessInfo } from "../../src/core/index.ts";
import { bytes, codeOf, createRouter, takeAll, text } from "./seed-router.ts";

describe("types of the seed", () => {
  it("Channel: id, process, name, submitter, executor, sequence and log", () => {
    const router = createRouter();
    router.append("c1", "sub", 1, 0, "hello");
    const channel = router.get("c1");
    expect([
      channel.id,
      channel.processId,
      channel.name,
      channel.submitterId,
      channel.executorId,
      channel.sequence,
    ]).toEqual(["c1", "p1", "chat", "sub", "exe", 1]);
    expect(channel.log.map(text)).toEqual(["hello"]);
  });

  it("ChannelSpec: what a job declares before it has a process", () => {
    const spec: ChannelSpec = { name: "chat" };
    const router = new Router();
    router.create({ id: "x", processId: "p", submitterId: "s", ...spec });
    expect(router.get("x").name).toBe("chat");
  });

  it("MsgEntry: sequence, inReplyTo, timestamp, senderId, payload, type, error and our position", () => {
    const router = createRouter({
      clock: { now: () => 1234, monotonicMs: () => 0, after: () => ({ cancel: () => undefined }) },
    });
    router.append("c1", "sub", 7, 3, bytes("x"));
    const [entry] = router.readAfter("c1", "exe", 0, 0);
    expect(entry).toEqual({
      position: 1,
      sequence: 7,
      inReplyTo: 3,
      replyTo: 0,
      timestamp: 1234,
      senderId: "sub",
      producer: "",
      payload: bytes("x"),
      type: "data",
      error: "",
    });
  });

  it("MsgEntry: integers outside ±(2^53−1) are refused, never rounded", () => {
    const router = createRouter();
    for (const bad of [2 ** 53, -(2 ** 53), 1.5, Number.NaN, Infinity]) {
      expect(codeOf(() => router.append("c1", "sub", bad, 0, "x"))).toBe("invalid_argument");
      expect(codeOf(() => router.append("c1", "sub", 1, bad, "x"))).toBe("invalid_argument");
    }
    router.append("c1", "sub", 2 ** 53 - 1, 0, "x");
    router.append("c1", "sub", -(2 ** 53 - 1), 0, "x");
    expect(router.getLogSize("c1")).toBe(2);
  });

  it("MsgTypeData, MsgTypeEnd, MsgTypeError", () => {
    expect(MsgType).toEqual({ Data: "data", End: "end", Error: "error" });
  });

  it("ProcessInfo: the least that authorization needs", () => {
    const process: ProcessInfo = { id: "p", submitterId: "s" };
    const router = new Router();
    router.create({ id: "x", name: "n", processId: process.id, submitterId: process.submitterId });
    router.append("x", "s", 1, 0, "ok");
    expect(codeOf(() => router.append("x", "", 2, 0, "nobody"))).toBe("unauthorized");
  });

  it("RateLimiter: starts full, refills by time with fractions kept, is capped, and takes one token or none", () => {
    let nowMs = 0;
    const limiter = new RateLimiter(2, 10, { clock: { monotonicMs: () => nowMs } });
    expect([limiter.tokens(), limiter.allow(), limiter.allow(), limiter.allow()]).toEqual([
      2,
      true,
      true,
      false,
    ]);
    nowMs = 50;
    expect([limiter.allow(), limiter.tokens()]).toEqual([false, 0.5]);
    nowMs = 100;
    expect([limiter.allow(), limiter.tokens()]).toEqual([true, 0]);
    nowMs = 100_000;
    expect([limiter.allow(), limiter.tokens()]).toEqual([true, 1]);
    nowMs = 0; // a clock that went backwards gives nothing and takes nothing
    expect([limiter.allow(), limiter.allow()]).toEqual([true, false]);
  });

  it("Subscriber is our Subscription: an async iterable that can be read in batches and closed", async () => {
    const router = createRouter();
    const subscription = router.subscribe("c1", "exe");
    for (const sequence of [1, 2, 3]) router.append("c1", "sub", sequence, 0, String(sequence));
    expect((await subscription.nextBatch(2)).map(text)).toEqual(["1", "2"]);
    subscription.close();
    expect((await takeAll(subscription)).map(text)).toEqual(["3"]);
    expect(await subscription.nextBatch()).toEqual([]);
  });
});

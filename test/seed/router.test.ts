// One test for each row of the seed's API (package `channel` of ColonyOS), named after it.
import { describe, expect, it } from "vitest";
import {
  ChannelError,
  isChannelError,
  MsgType,
  RateLimiter,
  Router,
} from "../../src/core/index.ts";
import type {
  ChannelSpec,
  MsgEntry,
  ProcessInfo,
  RouterOptions,
  Subscription,
} from "../../src/core/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (entry: MsgEntry | undefined): string => new TextDecoder().decode(entry?.payload);

function createRouter(options: RouterOptions = {}): Router {
  const router = new Router(options);
  router.create({ id: "c1", processId: "p1", name: "chat", submitterId: "sub", executorId: "exe" });
  return router;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isChannelError(error)) return error.code;
    throw error;
  }
  return "no error";
}

async function takeAll(subscription: Subscription): Promise<MsgEntry[]> {
  const entries: MsgEntry[] = [];
  for await (const entry of subscription) entries.push(entry);
  return entries;
}

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

describe("errors of the seed", () => {
  it.each([
    ["ErrChannelNotFound", "channel_not_found", "channel not found"],
    ["ErrUnauthorized", "unauthorized", "unauthorized access to channel"],
    ["ErrChannelExists", "channel_exists", "channel already exists"],
    ["ErrRateLimitExceeded", "rate_limit_exceeded", "rate limit exceeded"],
    ["ErrMessageTooLarge", "message_too_large", "message payload exceeds maximum size"],
    ["ErrChannelFull", "channel_full", "channel log is full"],
    ["ErrTooManyChannels", "too_many_channels", "process has too many channels"],
    ["ErrSubscriberTooSlow", "subscriber_too_slow", "subscriber disconnected: buffer full"],
  ] as const)("%s is %s and keeps its message", (_seed, code, message) => {
    const details = {
      channel: "",
      retryAfterMs: 0,
      limitBytes: 0,
      limit: "maxLogEntries",
      limitValue: 0,
      limitChannels: 0,
      resumeAfter: 0,
    } as const;
    const error = new ChannelError(code, details);
    expect([
      error.code,
      error.message,
      isChannelError(error, code),
      isChannelError(new Error(message)),
    ]).toEqual([code, message, true, false]);
  });
});

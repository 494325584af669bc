import { describe, expect, it } from "vitest";
import { ClientWorld } from "../../test/client-world.ts";
import { isChannelError, type ChannelEntry, type ChannelError } from "./index.ts";
import { StreamError } from "./index.ts";

const spec = { id: "p", executorId: "exe", channels: [{ name: "out" }, { name: "in" }] };
const texts = (entries: readonly ChannelEntry[]): string[] =>
  entries.map(({ payload }) => new TextDecoder().decode(payload));

async function collect(entries: AsyncIterable<ChannelEntry>): Promise<ChannelEntry[]> {
  const all: ChannelEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

describe.each(["websocket", "sse", "poll"] as const)("a client over %s", (transport) => {
  it("sends what another one reads, in order, until the process ends", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const out = world.client("exe", transport).process("p").channel("out");

    const first = await out.send("one");
    const rest = await out.sendMany(["two", "three"]);
    const entries = ada.process("p").channel("out").entries();
    const reading = collect(entries);
    await out.send("four");
    await ada.process("p").close({ status: "failed", error: "no" });

    expect([first, ...rest].map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(texts(await reading)).toEqual(["one", "two", "three", "four"]);
    expect(entries.outcome).toEqual({ status: "failed", error: "no" });
  });

  it("goes on from a cursor, and from the newest entries", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const channel = ada.process("p").channel("in");
    await channel.sendMany(["a", "b", "c", "d"]);
    const [, second] = await take(channel.entries(), 2);

    expect(texts(await take(channel.entries({ after: second!.cursor }), 2))).toEqual(["c", "d"]);
    expect(texts(await take(channel.entries({ from: { last: 1 } }), 1))).toEqual(["d"]);
  });

  it("gives nothing more to a reader that has left, also of what came with its last entry", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const channel = ada.process("p").channel("in");
    await channel.sendMany(["a", "b", "c"]);
    const leaving = new AbortController();

    const read: string[] = [];
    for await (const { payload } of channel.entries({ signal: leaving.signal })) {
      read.push(Buffer.from(payload).toString());
      leaving.abort();
    }

    expect(read).toEqual(["a"]);
  });

  it("adds each entry once and reads each once, however often the line breaks", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const reader = collect(ada.process("p").channel("out").entries());
    const out = world.client("exe", transport).process("p").channel("out");

    const count = 120;
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      sends.push(out.send(`entry ${i}`));
      if (i % 30 === 29) {
        world.proxy.cutAll();
        await sends[i - 15];
      }
    }
    await Promise.all(sends);
    await ada.process("p").close({ status: "success" });

    expect(texts(await reader)).toEqual(Array.from({ length: count }, (_, i) => `entry ${i}`));
  });

  it("tells one refused send of it, and adds those around it", async () => {
    await using world = await ClientWorld.create({ limits: { payloadBytesMax: 100 } });
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const channel = ada.process("p").channel("in");

    const results = await Promise.allSettled(
      ["a", "x".repeat(101), "b", "c"].map((text) => channel.send(text)),
    );

    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(texts(await take(channel.entries(), 3))).toEqual(["a", "b", "c"]);
  });

  it("asks and gets the answer's stream", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const model = world.client("exe", transport).process("p").channel("in");
    const answering = (async () => {
      const [question] = await take(model.entries(), 1);
      const replyTo = question!.position;
      await model.send("noise");
      await model.sendMany(["4", "!"], { replyTo });
      await model.send("", { type: "end", replyTo });
    })();

    const answer = await collect(ada.process("p").channel("in").request("2 + 2?"));
    await answering;

    expect(texts(answer)).toEqual(["4", "!"]);
  });

  it("gives up a question that nobody answers in time", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);

    const failure = collect(ada.process("p").channel("in").request("well?", { timeoutMs: 200 }));

    await expect(failure).rejects.toSatisfy((error) => isChannelError(error, "request_timeout"));
  });

  it("pipes bytes through a channel both ways, with their end and their failure", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const writer = world.client("exe", transport).process("p").channel("out");
    const pipe = ada.process("p").channel("out");

    const lines = (async () => {
      const all: string[] = [];
      for await (const line of pipe.text()) all.push(line);
      return all;
    })();
    await new Blob(["grüße\nzwei\r\nno end"]).stream().pipeTo(writer.writable());
    expect(await lines).toEqual(["grüße", "zwei", "no end"]);

    const failing = pipe.readable({ from: "now" }).getReader().read();
    const reads = expect(failing).rejects.toThrow(StreamError);
    await expect.poll(() => world.world.broker.memoryUse().channels).toBeGreaterThan(0);
    await writer.writable().abort(new Error("broken"));
    await reads;
  });

  it("watches processes", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const changes = ada.watch();
    const states: string[] = [];
    for await (const change of changes) {
      states.push(change.kind === "process" ? change.process.state : change.kind);
      if (states.length === 1) await ada.process("p").close({ status: "success" });
      if (states.at(-1) === "closed") break;
    }
    expect(states[0]).toBe("running");
    expect(states.at(-1)).toBe("closed");
  });

  it("tells of a process that was deleted while the line was away", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const changes = ada.watch()[Symbol.asyncIterator]();
    expect((await changes.next()).value).toMatchObject({ kind: "process" });

    world.proxy.refuse();
    await world.world.request("sub", "POST", "/v1/processes/p/close", {
      body: JSON.stringify({ outcome: { status: "success" } }),
      headers: { "content-type": "application/json" },
    });
    await world.world.request("sub", "DELETE", "/v1/processes/p");
    world.proxy.accept();

    const seen: unknown[] = [];
    while (!seen.includes("deleted")) seen.push((await changes.next()).value?.kind);
    expect(seen).toEqual(["deleted"]);
    await changes.return?.(undefined);
  });

  it("refuses what makes no sense before others on the same line suffer from it", async () => {
    await using world = await ClientWorld.create();
    const ada = world.client("sub", transport);
    await ada.createProcess(spec);
    const channel = ada.process("p").channel("in");
    const refusalOf = async (options: object): Promise<unknown> =>
      await channel.send("no", options).catch((error: unknown) => (error as ChannelError).details);

    expect(await refusalOf({ replyTo: 1.5 })).toMatchObject({ argument: "replyTo" });
    expect(await refusalOf({ inReplyTo: "1" })).toMatchObject({ argument: "inReplyTo" });
    expect(await refusalOf({ type: "No" })).toMatchObject({ argument: "type" });
    expect(await refusalOf({ error: {} })).toMatchObject({ argument: "error" });
    expect(await channel.send("yes", { replyTo: 7 })).toMatchObject({ position: 1 });
  });

  it("ends a reader with the refusal", async () => {
    await using world = await ClientWorld.create();
    await world.client("sub", transport).createProcess(spec);
    const stranger = world.client("eve", transport).process("p").channel("out");

    const refused = expect.toSatisfy((error: ChannelError) => error.code === "unauthorized");
    await expect(collect(stranger.entries())).rejects.toEqual(refused);
    await expect(stranger.send("x")).rejects.toEqual(refused);
  });
});

async function take(entries: AsyncIterable<ChannelEntry>, count: number): Promise<ChannelEntry[]> {
  const all: ChannelEntry[] = [];
  for await (const entry of entries) if (all.push(entry) === count) break;
  return all;
}

import { createParser } from "eventsource-parser";
import type { EventSourceMessage } from "eventsource-parser";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { problemOf, ServerWorld } from "../../test/server-world.ts";
import { decodeSeveralCursor, encodeSeveralCursor } from "../protocol/several-cursor.ts";

const path = "/v1/processes/p/entries";
const names = ["stdout", "stderr", "quiet"];
let world: ServerWorld;

beforeEach(async () => {
  world = await ServerWorld.create();
  const channels = names.map((name) => ({ name, whenfull: "trim", maxlogentries: 1_000 }));
  const json = { id: "p", executorid: "exe", channels };
  expect((await world.request("sub", "POST", "/v1/processes", { json })).status).toBe(201);
});

afterEach(() => world[Symbol.asyncDispose]());

async function append(channel: string, ...payloads: string[]): Promise<void> {
  const json = { entries: payloads.map((text) => ({ payload: btoa(text) })) };
  const url = `/v1/processes/p/channels/${channel}/entries/batch`;
  expect((await world.request("exe", "POST", url, { json })).status).toBe(201);
}

async function close(): Promise<void> {
  const json = { outcome: { status: "success" } };
  await world.request("exe", "POST", "/v1/processes/p/close", { json });
}

interface Told {
  readonly channel: string;
  readonly cursor: string;
  readonly position?: number;
  readonly payload?: string;
  readonly reason?: string;
  readonly last?: number;
}

type Event = EventSourceMessage & { readonly told: Told };

async function* read(query = "", headers: Record<string, string> = {}): AsyncGenerator<Event> {
  const response = await world.request("sub", "GET", path + query, {
    headers: { accept: "text/event-stream", ...headers },
  });
  expect(response.status).toBe(200);
  let events: Event[] = [];
  const parser = createParser({
    onEvent: (event) => events.push({ ...event, told: JSON.parse(event.data) as Told }),
  });
  const body = response.body as unknown as AsyncIterable<Uint8Array>;
  const utf8 = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(utf8.decode(chunk, { stream: true }));
    yield* events;
    events = [];
  }
}

async function readAll(query = "", headers = {}): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of read(query, headers)) events.push(event);
  return events;
}

const isEntry = ({ event }: Event): boolean => event === undefined;
const textOf = ({ told }: Event): string => `${told.channel}:${atob(told.payload ?? "")}`;

describe("several channels in one stream", () => {
  it("come with their names, each in its order, to the end of all of them", async () => {
    await append("stdout", "a", "b");
    await append("stderr", "c");
    await close();
    const events = await readAll();
    expect(events.filter(isEntry).map(textOf).sort()).toEqual(["stderr:c", "stdout:a", "stdout:b"]);
    const ends = events.filter(({ event }) => event === "end");
    expect(ends.map(({ told }) => [told.channel, told.reason]).sort()).toEqual(
      [...names].sort().map((name) => [name, "closed"]),
    );
    expect(events.at(-1)?.id).toMatch(/\.end$/);
    const again = await world.request("sub", "GET", path, {
      headers: { accept: "text/event-stream", "last-event-id": events.at(-1)?.id ?? "" },
    });
    expect(again.status).toBe(204);
  });

  it("resume all of them by one id, from wherever the line broke", async () => {
    for (let i = 0; i < 20; i++) {
      await append("stdout", `out ${i}`);
      if (i % 3 === 0) await append("stderr", `err ${i}`);
    }
    await close();
    const whole = (await readAll()).filter(isEntry);
    expect(whole).toHaveLength(27);
    for (let cut = 0; cut < whole.length; cut++) {
      const before = whole.slice(0, cut + 1).map(textOf);
      const id = whole[cut]?.id ?? "";
      const after = (await readAll("", { "last-event-id": id })).filter(isEntry).map(textOf);
      expect([...before, ...after].sort()).toEqual(whole.map(textOf).sort());
    }
  });

  it("say once that a reader has everything, and do not let a busy one starve the others", async () => {
    await append("stdout", ...Array.from({ length: 900 }, (_, i) => `${i}`));
    await append("quiet", "heard");
    const seen: Event[] = [];
    for await (const event of read("?channels=stdout,quiet")) {
      seen.push(event);
      if (event.event === "heartbeat" && event.told.channel === "quiet") break;
    }
    const heard = seen.findIndex((event) => textOf(event) === "quiet:heard");
    expect(heard).toBeLessThanOrEqual(500);
    const beats = seen.filter(({ event }) => event === "heartbeat");
    expect(beats.map(({ told }) => [told.channel, told.last])).toEqual([
      ["stdout", 900],
      ["quiet", 1],
    ]);
    expect(beats.map(({ told }) => told.cursor.split(".")[1])).toEqual(["900", "1"]);
  });

  it("tell a gap of one in its place", async () => {
    await append("stdout", ...Array.from({ length: 1_000 }, (_, i) => `${i}`));
    await append("stdout", ...Array.from({ length: 500 }, (_, i) => `${i}`));
    await close();
    const process = await (await world.request("sub", "GET", "/v1/processes/p")).json();
    const { epoch } = process as { epoch: string };
    const events = await readAll(`?channels=stdout&after=${epoch}.stdout:1`);
    const [gap] = events;
    expect(gap).toMatchObject({ event: "gap", told: { channel: "stdout", reason: "trimmed" } });
    const entries = events.filter(isEntry);
    expect(entries[0]?.told.position).toBe((gap?.told as { first?: number }).first);
    expect(entries.at(-1)?.told.position).toBe(1_500);
  });

  it("are those that the caller may read", async () => {
    await append("stdout", "a");
    await append("stderr", "b");
    await close();
    const token = await world.token("sub", { channels: ["stderr"] });
    const headers = { authorization: `Bearer ${token}` };
    expect((await readAll("", headers)).filter(isEntry).map(textOf)).toEqual(["stderr:b"]);
    const refused = await world.request("sub", "GET", `${path}?channels=stdout,stderr`, {
      headers: { ...headers, accept: "text/event-stream" },
    });
    expect(await problemOf(refused)).toEqual([403, "unauthorized"]);
    expect(await world.broker.subscriptionCount({ identity: "sub", isAdmin: false }, "p")).toBe(0);
  });

  it("are refused where they cannot be", async () => {
    const get = async (query: string, headers = { accept: "text/event-stream" }) =>
      problemOf(await world.request("sub", "GET", path + query, { headers }));
    expect(await get("?channels=none")).toEqual([404, "channel_not_found"]);
    expect(await get("?after=nowhere")).toEqual([400, "invalid_argument"]);
    expect(await get("", { accept: "application/json" })).toEqual([400, "invalid_argument"]);
    const many = Array.from({ length: 17 }, (_, i) => `c${i}`).join(",");
    expect(await get(`?channels=${many}`)).toEqual([400, "invalid_argument"]);
  });
});

describe("cursor of several channels", () => {
  it("is read as it was written", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/);
    const positions = fc.dictionary(name, fc.nat(), { minKeys: 1, maxKeys: 16 });
    fc.assert(
      fc.property(positions, (record) => {
        const cursor = { epoch: "k3f9", positions: new Map(Object.entries(record)) };
        expect(decodeSeveralCursor(encodeSeveralCursor(cursor))).toEqual(cursor);
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { ScriptedWorld, turn } from "../../test/scripted-socket.ts";
import type { ReaderState } from "./index.ts";

function entry(position: number): object {
  return {
    ...{ position, sequence: position, senderid: "exe", producer: "x" },
    timestamp: "2026-01-01T00:00:00.000Z",
  };
}

async function createReader(): Promise<{
  world: ScriptedWorld;
  id: number;
  next: () => Promise<number | undefined>;
  states: ReaderState[];
  gaps: string[];
}> {
  const world = new ScriptedWorld();
  const channel = world.wire.process("p").channel("out");
  const states: ReaderState[] = [];
  channel.onState((state) => states.push(state));
  const gaps: string[] = [];
  const entries = channel.entries({ onGap: ({ reason }) => gaps.push(reason) });
  await turn();
  await world.socket.open();
  const { id } = world.socket.last("subscribe");
  await world.socket.say({ kind: "subscribed", id, cursor: "a.0", last: 2 });
  const iterator = entries[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await iterator.next();
    return value?.position;
  };
  return { world, id, next, states, gaps };
}

describe("Reader", () => {
  it("asks again from where it stands, and drops what comes twice", async () => {
    const { world, id, next } = await createReader();
    await world.socket.say({ kind: "entries", id, last: 2, entries: [entry(1), entry(2)] });
    await world.socket.lose();
    await world.reconnect();
    const again = world.socket.last("subscribe");
    expect(again.after).toBe("a.2");

    const entries = [entry(2), entry(3)];
    await world.socket.say(
      { kind: "subscribed", id: again.id, cursor: "a.1", last: 3 },
      { kind: "entries", id: again.id, last: 3, entries },
    );
    expect([await next(), await next(), await next()]).toEqual([1, 2, 3]);
    await world.wire.close();
  });

  it.each([
    ["leaves out an entry", "a.0", 2],
    ["goes on in another epoch without a gap", "b.0", 1],
  ])("believes nothing more of a line that %s", async (_name, cursor, position) => {
    const { world, id } = await createReader();
    await world.socket.say({ kind: "subscribed", id, cursor, last: 9 });
    await world.socket.say({ kind: "entries", id, last: 9, entries: [entry(position)] });
    expect(world.socket.isClosed).toBe(true);
    await world.reconnect();
    expect(world.socket.last("subscribe").after).toBe("a.0");
    await world.wire.close();
  });

  it("tells a gap in its place, and how far behind it is from then on", async () => {
    const { world, id, next, states, gaps } = await createReader();
    await world.socket.say(
      { kind: "entries", id, last: 2, entries: [entry(1), entry(2)] },
      { kind: "gap", id, reason: "epoch", first: 1, cursor: "b.0" },
      { kind: "entries", id, last: 1, entries: [entry(1)] },
    );
    expect(await next()).toBe(1);
    expect(gaps).toEqual([]);
    expect([await next(), await next()]).toEqual([2, 1]);
    expect(gaps).toEqual(["epoch"]);
    await world.socket.say({ kind: "head", id, last: 2 });
    expect(states.at(-1)).toEqual({ kind: "behind", entries: 1 });
    await world.wire.close();
  });
});

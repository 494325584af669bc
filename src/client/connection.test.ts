import { describe, expect, it } from "vitest";
import { ScriptedWorld, turn } from "../../test/scripted-socket.ts";
import type { ConnectionState } from "./index.ts";

/** What a page or worker tells its code when its network comes or goes. */
function wake(target: EventTarget): void {
  for (const name of ["online", "offline", "online"]) target.dispatchEvent(new Event(name));
}

/** As in a browser, where the global object is told. */
function createPage(): { readonly target: EventTarget; [Symbol.dispose](): void } {
  const target = new EventTarget();
  const page = {
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
  };
  Object.assign(globalThis, page);
  return {
    target,
    [Symbol.dispose]: () => {
      for (const name of Object.keys(page)) Reflect.deleteProperty(globalThis, name);
    },
  };
}

function statesOf({ wire }: ScriptedWorld): ConnectionState["kind"][] {
  const states: ConnectionState["kind"][] = [];
  wire.onState(({ kind }) => states.push(kind));
  return states;
}

/** A client that reads, and how long it has waited before each attempt to come back. */
async function openWaiting(): Promise<{ world: ScriptedWorld; delays: readonly number[] }> {
  const delays: number[] = [];
  const world = new ScriptedWorld();
  world.wire.onState((state) => {
    if (state.kind === "waiting") delays.push(state.retryInMs);
  });
  world.wire.process("p").channel("out").entries();
  await turn();
  return { world, delays };
}

describe("Connection", () => {
  it("has one attempt under way, whatever happens at once", async () => {
    using page = createPage();
    const world = new ScriptedWorld();
    const channel = world.wire.process("p").channel("out");
    for (let i = 0; i < 3; i++) {
      channel.entries();
      wake(page.target);
    }
    await turn();
    expect(world.sockets).toHaveLength(1);

    await world.socket.lose();
    wake(page.target);
    await turn();
    await world.pass(10_000);
    expect(world.sockets).toHaveLength(2);
    await world.wire.close();
  });

  it("asks a line for a sign of life when it is woken, and leaves one that gives none", async () => {
    using page = createPage();
    const world = new ScriptedWorld();
    world.wire.process("p").channel("out").entries();
    await turn();
    await world.socket.open();
    const pings = world.socket.all("ping").length;

    wake(page.target);
    await turn();
    expect(world.socket.all("ping").length).toBeGreaterThan(pings);
    await world.pass(5_000);
    expect(world.sockets[0]?.isClosed).toBe(true);
    await world.wire.close();
  });

  it("takes a line that carries only its beginning for none", async () => {
    const world = new ScriptedWorld();
    const states = statesOf(world);
    world.wire.process("p").channel("out").entries();
    await turn();
    const { socket } = world;
    socket.readyState = 1;
    socket.onopen?.();
    await socket.say({ kind: "welcome", version: 1, heartbeatms: 15_000, limits: {} });

    await world.pass(5_000);

    expect(socket.isClosed).toBe(true);
    expect(states).toEqual(["idle", "connecting", "live", "waiting"]);
    await world.wire.close();
  });

  it("rests when it has come back and nobody wants it any more", async () => {
    const world = new ScriptedWorld({ idleMs: 2_000 });
    const entries = world.wire.process("p").channel("out").entries();
    await turn();
    await world.socket.open();
    await world.socket.lose();
    entries.close();

    await world.pass(50);
    await world.socket.open();
    await world.pass(2_000);

    expect(world.sockets).toHaveLength(2);
    expect(world.socket.isClosed).toBe(true);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it("does not come back where the server wants nobody back", async () => {
    const world = new ScriptedWorld();
    const entries = world.wire.process("p").channel("out").entries();
    const reading = entries[Symbol.asyncIterator]().next();
    const refused = expect(reading).rejects.toMatchObject({ code: "forbidden" });
    await turn();
    await world.socket.open();
    await world.socket.lose(4_599, "unheard_of");

    await refused;
    await world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
  });

  it("comes back later and later, and never together with others", async () => {
    const { world, delays } = await openWaiting();
    for (let i = 0; i < 9; i++) {
      await world.socket.lose();
      await world.pass(5_000);
    }
    for (const [attempt, delay] of delays.entries()) {
      const ceiling = Math.min(5_000, 50 * 2 ** attempt);
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    }
    expect(new Set(delays).size).toBe(delays.length);
    await world.wire.close();
  });

  it("comes back at once only to a line that has lasted as long as the wait for it", async () => {
    const { world, delays } = await openWaiting();
    const liveFor = async (ms: number): Promise<void> => {
      await world.socket.open();
      const { id } = world.socket.last("subscribe");
      await world.socket.say({ kind: "subscribed", id, cursor: "e.0", last: 0 });
      await world.pass(ms);
      await world.socket.lose();
    };

    await liveFor(0);
    for (let i = 0; i < 9; i++) {
      const delayMs = delays.at(-1) ?? 0;
      await world.pass(delayMs);
      await liveFor(delayMs - 1);
    }
    expect(delays.slice(7).every((delayMs) => delayMs >= 2_500)).toBe(true);

    const longest = delays.at(-1) ?? 0;
    await world.pass(longest);
    await liveFor(longest);
    expect(delays.at(-1)).toBeLessThanOrEqual(50);
    await world.wire.close();
  });
});

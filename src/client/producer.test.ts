import { describe, expect, it } from "vitest";
import { ScriptedWorld, turn } from "../../test/scripted-socket.ts";
import type { ScriptedSocket } from "../../test/scripted-socket.ts";
import type { Channel, ChannelError, JobwireOptions } from "./index.ts";

async function createSender(
  options: Partial<JobwireOptions> = {},
): Promise<{ world: ScriptedWorld; channel: Channel; send: (text: string) => Promise<unknown> }> {
  const world = new ScriptedWorld(options);
  const channel = world.wire.process("p").channel("out");
  world.wire.process("p").channel("in").entries();
  await turn();
  await world.socket.open();
  return { world, channel, send: (text) => outcomeOf(channel.send(text)) };
}

/** Position, or the code of the refusal. */
async function outcomeOf(sent: Promise<{ readonly position: number }>): Promise<unknown> {
  try {
    return (await sent).position;
  } catch (error) {
    return (error as ChannelError).code;
  }
}

/** What went over a socket, in groups. */
function sequencesOf(socket: ScriptedSocket): number[][] {
  return socket.all("append").map(({ entries }) => entries.map(({ sequence }) => sequence));
}

function refused(socket: ScriptedSocket, sequence: number, code: string, details = {}): object {
  const { id } = socket.last("produce");
  const retryable = ["unavailable", "sequence_gap"].includes(code);
  return {
    ...{ kind: "refused", id, sequence, count: 1 },
    error: { code, detail: code, retryable, details },
  };
}

function acknowledged(socket: ScriptedSocket, ...runs: readonly number[][]): object {
  return { kind: "ack", id: socket.last("produce").id, runs };
}

describe("Producer", () => {
  it("sends again with the same numbers what was not answered, and takes a repeat for its own", async () => {
    const { world, send } = await createSender();
    const sent = send("a");
    await turn();
    const { producer } = world.socket.last("produce");
    await world.socket.lose();
    await world.reconnect();

    expect(world.socket.last("produce").producer).toBe(producer);
    expect(sequencesOf(world.socket)).toEqual([[1]]);
    await world.socket.say(acknowledged(world.socket, [1, 7, 1, 1]));
    expect(await sent).toBe(7);
  });

  it("keeps for the next connection what is sent while the old one closes, of which nobody has told it", async () => {
    const { world, send } = await createSender();
    world.socket.readyState = 2;
    const sent = send("a");
    await turn();
    await world.socket.lose();
    await world.reconnect();

    expect(sequencesOf(world.socket)).toEqual([[1]]);
    await world.socket.say(acknowledged(world.socket, [1, 7, 1, 0]));
    expect(await sent).toBe(7);
  });

  it("takes what is there at its first attempt for somebody else's", async () => {
    const { world, send } = await createSender();
    const sent = [send("a"), send("b")];
    await turn();
    await world.socket.say(acknowledged(world.socket, [1, 1, 1, 1], [2, 2, 1]));
    expect(await Promise.all(sent)).toEqual(["sequence_conflict", 2]);
  });

  it("says that data was lost when less is expected than it holds, and goes on with a new id", async () => {
    const lost: string[] = [];
    const { world, send } = await createSender({ onDataLost: ({ code }) => lost.push(code) });
    const first = send("a");
    await turn();
    await world.socket.say(acknowledged(world.socket, [1, 1, 1]));
    const { producer } = world.socket.last("produce");
    const rest = [first, send("b"), send("c")];
    await turn();
    const gap = { expectedSequence: 1, actualSequence: 2 };
    await world.socket.say(refused(world.socket, 2, "sequence_gap", gap));

    expect(lost).toEqual(["data_lost"]);
    expect(world.socket.last("produce").producer).not.toBe(producer);
    expect(sequencesOf(world.socket).at(-1)).toEqual([1, 2]);
    await world.socket.say(acknowledged(world.socket, [1, 1, 2]));
    expect(await Promise.all(rest)).toEqual([1, 1, 2]);
  });

  it("sends nothing new after a refusal until all that is under way was answered", async () => {
    const { world, send } = await createSender();
    const first = send("a");
    await turn();
    const second = send("b");
    await turn();
    await world.socket.say(refused(world.socket, 1, "unavailable", { reason: "" }));
    await world.pass(10_000);
    expect(sequencesOf(world.socket)).toEqual([[1], [2]]);

    const gap = { expectedSequence: 1, actualSequence: 2 };
    await world.socket.say(refused(world.socket, 2, "sequence_gap", gap));
    expect(sequencesOf(world.socket)).toEqual([[1], [2], [1, 2]]);
    await world.socket.say(acknowledged(world.socket, [1, 1, 2]));
    expect(await Promise.all([first, second])).toEqual([1, 2]);
  });

  it("takes a new id when a number becomes free while a copy of a later one may be on its way", async () => {
    const { world, send } = await createSender();
    const first = send("a");
    await turn();
    const second = send("b");
    await turn();
    const gap = { expectedSequence: 1, actualSequence: 1 };
    // The other one is not answered before the line breaks: its copy may arrive at any time.
    await world.socket.say(refused(world.socket, 1, "sequence_gap", gap));
    const { producer } = world.socket.last("produce");
    await world.socket.lose();
    await world.reconnect();
    await world.socket.say(refused(world.socket, 1, "message_too_large", { limitBytes: 1 }));
    await world.socket.say(refused(world.socket, 1, "message_too_large", { limitBytes: 1 }));
    await world.socket.say(refused(world.socket, 2, "sequence_gap", { ...gap, actualSequence: 2 }));

    expect(await first).toBe("message_too_large");
    expect(world.socket.last("produce").producer).not.toBe(producer);
    await world.socket.say(acknowledged(world.socket, [1, 1, 1]));
    expect(await second).toBe(1);
  });

  it("never uses numbers again that were refused in doubt, also when the line breaks at once", async () => {
    const { world, send } = await createSender();
    const sent = [send("a")];
    await turn();
    await world.socket.lose();
    await world.reconnect();
    const { producer } = world.socket.last("produce");
    sent.push(send("b"));
    await turn();
    await world.socket.say(refused(world.socket, 1, "unauthorized"));
    expect(await Promise.all(sent)).toEqual(["unauthorized", "unauthorized"]);

    await world.socket.lose();
    await world.reconnect();
    const later = send("c");
    await turn();
    expect(world.socket.last("produce").producer).not.toBe(producer);
    await world.socket.say(acknowledged(world.socket, [1, 1, 1]));
    expect(await later).toBe(1);
  });

  it("has no more bytes under way than it may, and refuses what has no room to wait", async () => {
    const { world, send } = await createSender({ unackedBytes: 1_000, waitingBytesMax: 1_000 });
    const sent = Array.from({ length: 5 }, () => send("x".repeat(400)));
    await turn();
    expect(sequencesOf(world.socket).flat()).toEqual([1, 2]);
    expect(await sent[4]).toBe("overloaded");

    await world.socket.say(acknowledged(world.socket, [1, 1, 2]));
    expect(sequencesOf(world.socket).flat()).toEqual([1, 2, 3, 4]);
    await world.socket.say(acknowledged(world.socket, [3, 3, 2]));
    expect(await Promise.all(sent.slice(0, 4))).toEqual([1, 2, 3, 4]);
  });
});

import { describe, expect, it } from "vitest";
import { ScriptedWorld, turn } from "../../test/scripted-socket.ts";
import { AppendAttempts, type AppendAuthor } from "./append-attempts.ts";
import { NoAnswerError } from "./http.ts";
import { sessionOf } from "./jobwire.ts";

async function createAttempts({ isOpen = true } = {}) {
  const world = new ScriptedWorld();
  world.wire.process("p").channel("in").entries();
  await turn();
  if (isOpen) await world.socket.open();
  const attempts = new AppendAttempts(sessionOf(world.wire).connection, "p", "out");
  const tryToAppend = (sequence: number, author: AppendAuthor = { producer: "w" }) =>
    attempts.append({ sequence, payload: new TextEncoder().encode(`${sequence}`) }, author);
  const append = async (sequence: number, author?: AppendAuthor) =>
    await tryToAppend(sequence, author);
  return { world, tryToAppend, append };
}

describe("AppendAttempts", () => {
  it("is for whoever has another way: without a link nothing is tried, and nothing is kept", async () => {
    const { world, tryToAppend } = await createAttempts({ isOpen: false });
    expect(tryToAppend(1)).toBeUndefined();
    await world.socket.open();
    expect(world.socket.all("append")).toEqual([]);
  });

  it("resolves with the position that an acknowledgement names", async () => {
    const { world, append } = await createAttempts();
    const appended = [append(1), append(2)];
    await turn();
    const { id, process, channel, producer } = world.socket.last("produce");
    expect({ process, channel, producer }).toEqual({
      ...{ process: "p", channel: "out", producer: "w" },
    });
    await world.socket.say({ kind: "ack", id, runs: [[1, 7, 2]] });
    expect(await Promise.all(appended)).toEqual([
      { sequence: 1, position: 7 },
      { sequence: 2, position: 8 },
    ]);
  });

  it("takes a repeat that is too old to be found for one without a position", async () => {
    const { world, append } = await createAttempts();
    const appended = append(3);
    await turn();
    const { id } = world.socket.last("produce");
    await world.socket.say({ kind: "ack", id, runs: [[3, 0, 1, 2]] });
    expect(await appended).toEqual({ sequence: 3, position: 0 });
  });

  it("rejects with what refuses it, and tries nothing again", async () => {
    const { world, append } = await createAttempts();
    const appended = append(5);
    await turn();
    const { id } = world.socket.last("produce");
    const details = { expectedSequence: 1, actualSequence: 5 };
    const error = { code: "sequence_gap", detail: "gap", retryable: true, details };
    const refused = expect(appended).rejects.toMatchObject({ code: "sequence_gap", details });
    await world.socket.say({ kind: "refused", id, sequence: 5, count: 1, error });
    await refused;
    expect(world.socket.all("append")).toHaveLength(1);
  });

  it("rejects what was not answered when the link is lost, and goes over the next one", async () => {
    const { world, tryToAppend, append } = await createAttempts();
    const lost = expect(append(1)).rejects.toBeInstanceOf(NoAnswerError);
    await turn();
    await world.socket.lose();
    await lost;
    expect(tryToAppend(1)).toBeUndefined();
    await world.reconnect();
    const appended = append(1);
    await turn();
    const { id } = world.socket.last("produce");
    await world.socket.say({ kind: "ack", id, runs: [[1, 4, 1, 1]] });
    expect(await appended).toEqual({ sequence: 1, position: 4 });
  });

  it("hears the answers to one author while it sends in the name of another", async () => {
    const { world, append } = await createAttempts();
    const first = append(1, { producer: "w", term: 1 });
    await turn();
    const { id } = world.socket.last("produce");
    const second = append(2, { producer: "w", term: 2 });
    await turn();
    const next = world.socket.last("produce");
    expect(next.term).toBe(2);
    expect(world.socket.last("unsubscribe").id).toBe(id);
    await world.socket.say({ kind: "ack", id: next.id, runs: [[2, 2, 1]] });
    await world.socket.say({ kind: "ack", id, runs: [[1, 1, 1]] });
    expect(await first).toMatchObject({ position: 1 });
    expect(await second).toMatchObject({ position: 2 });
  });

  it("breaks a link that answers what was never asked", async () => {
    const { world, append } = await createAttempts();
    const lost = expect(append(1)).rejects.toBeInstanceOf(NoAnswerError);
    await turn();
    const { id } = world.socket.last("produce");
    await world.socket.say({ kind: "ack", id, runs: [[2, 1, 1]] });
    await lost;
  });
});

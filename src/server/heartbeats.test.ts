import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { Beating } from "./heartbeats.ts";

let clock: FakeClock;
let heartbeats: Heartbeats;
/** Who was looked at, and when. */
let beats: string[];

function createMember(name: string): Beating {
  return { beat: () => beats.push(`${name} ${clock.monotonicMs()}`) };
}

beforeEach(() => {
  clock = new FakeClock();
  heartbeats = new Heartbeats(clock, 100);
  beats = [];
});

describe("heartbeats", () => {
  it("come so long after each member was added, and again after each, by one timer", () => {
    heartbeats.add(createMember("a"));
    clock.advance(30);
    heartbeats.add(createMember("b"));
    heartbeats.add(createMember("c"));
    expect(clock.pendingTimers).toBe(1);
    clock.advance(210);
    expect(beats).toEqual(["a 100", "b 130", "c 130", "a 200", "b 230", "c 230"]);
    expect(clock.pendingTimers).toBe(1);
  });

  it("of one that is added again begin anew", () => {
    const [a, b] = [createMember("a"), createMember("b")];
    heartbeats.add(a);
    heartbeats.add(b);
    clock.advance(60);
    heartbeats.add(a);
    clock.advance(100);
    expect(beats).toEqual(["b 100", "a 160"]);
  });

  it("end for one that leaves, also by the heartbeat of another, and with the last one", () => {
    const [a, b] = [createMember("a"), createMember("b")];
    const leaving: Beating = { beat: () => [leaving, b].forEach((one) => heartbeats.remove(one)) };
    for (const member of [a, leaving, b]) heartbeats.add(member);
    clock.advance(150);
    heartbeats.remove(a);
    clock.advance(1_000);
    expect(beats).toEqual(["a 100"]);
    expect(clock.pendingTimers).toBe(0);
    heartbeats.add(b);
    clock.advance(100);
    expect(beats).toEqual(["a 100", "b 1250"]);
  });

  it("come to the others where one throws", () => {
    const broken: Beating = {
      beat() {
        throw new Error("broken");
      },
    };
    heartbeats.add(broken);
    heartbeats.add(createMember("a"));
    expect(() => clock.advance(100)).toThrow("broken");
    clock.advance(0);
    expect(beats).toEqual(["a 100"]);
  });
});

import { describe, expect, it } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Keyboard } from "./keyboard.ts";
import { chooseSize, parseSizePolicy, SizeChanges, type SizePolicy } from "./size-policy.ts";
import { localViewer, Viewers } from "./viewers.ts";

const large = { columns: 200, rows: 50 };
const wide = { columns: 300, rows: 20 };

function createWorld(policy: SizePolicy = "smallest") {
  const clock = new FakeClock();
  const holders: (string | null)[] = [];
  const keyboard = new Keyboard((viewer) => holders.push(viewer));
  let changes = 0;
  const viewers = new Viewers(clock, () => {
    changes += 1;
    keyboard.update(viewers.all);
  });
  return {
    clock,
    viewers,
    keyboard,
    holders,
    changes: () => changes,
    size: () => chooseSize(policy, viewers.all),
  };
}

describe("the viewers of a terminal", () => {
  it("are forgotten after a minute of silence, but for the local terminal", () => {
    const { viewers, clock, changes } = createWorld();
    viewers.tell({ viewer: localViewer, size: large });
    viewers.tell({ viewer: "a", size: large });
    clock.advance(40_000);
    viewers.tell({ viewer: "b", size: large });
    viewers.tell({ viewer: "a", size: wide });
    clock.advance(40_000);
    expect(viewers.all.map(({ viewer }) => viewer)).toEqual([localViewer, "a", "b"]);
    clock.advance(20_000);
    expect(viewers.all.map(({ viewer }) => viewer)).toEqual([localViewer]);
    expect(changes()).toBe(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it("have as the smallest size one that fits all of them, and the last one without any", () => {
    const { viewers, size } = createWorld();
    expect(size()).toBeUndefined();
    viewers.tell({ viewer: "a", size: large });
    viewers.tell({ viewer: "b", size: wide });
    expect(size()).toEqual({ columns: 200, rows: 20 });
    viewers.tell({ viewer: "b" });
    expect(size()).toEqual(large);
  });

  it("have the size of who typed last", () => {
    const { viewers, size, clock } = createWorld("typist");
    viewers.tell({ viewer: "a", producer: "pa", size: large });
    viewers.tell({ viewer: "b", producer: "pb", size: wide });
    expect(size()).toEqual(large);
    clock.advance(1);
    viewers.typed("pb");
    viewers.typed("unknown");
    expect(size()).toEqual(wide);
    clock.advance(1);
    viewers.tell({ viewer: "a", producer: "pa", size: { columns: 90, rows: 9 } });
    expect(size()).toEqual(wide);
    viewers.typedBy("a");
    expect(size()).toEqual({ columns: 90, rows: 9 });
    viewers.tell({ viewer: "a" });
    expect(size()).toEqual(wide);
  });

  it("type one at a time, in the order of arrival", () => {
    const { viewers, keyboard, holders, clock } = createWorld();
    expect(keyboard.takes("anybody")).toBe(true);
    viewers.tell({ viewer: "watcher", size: large });
    viewers.tell({ viewer: "a", producer: "pa", size: large });
    viewers.tell({ viewer: "b", producer: "pb", size: large });
    expect([keyboard.takes("pa"), keyboard.takes("pb")]).toEqual([true, false]);
    clock.advance(50_000);
    viewers.tell({ viewer: "b", producer: "pb", size: large });
    clock.advance(10_000);
    expect([keyboard.takes("pa"), keyboard.takes("pb")]).toEqual([false, true]);
    viewers.tell({ viewer: "b" });
    expect(holders).toEqual(["a", "b", null]);
  });
});

describe("a size", () => {
  it.each([
    ["smallest", "smallest"],
    ["typist", "typist"],
    ["120x40", { columns: 120, rows: 40 }],
    ["1x40", undefined],
    ["120x0", undefined],
    ["1001x10", undefined],
    ["120", undefined],
    ["120x40x1", undefined],
  ])("is read from %s", (text, policy) => {
    expect(parseSizePolicy(text)).toEqual(policy);
  });

  it("is applied at once, and the last of many that follow soon after 50 ms", () => {
    const clock = new FakeClock();
    const applied: number[] = [];
    const changes = new SizeChanges(clock, large, ({ columns }) => applied.push(columns));
    changes.want(large);
    for (const columns of [100, 101, 102]) changes.want({ columns, rows: 10 });
    expect(applied).toEqual([100]);
    clock.advance(49);
    changes.want({ columns: 103, rows: 10 });
    clock.advance(1);
    expect(applied).toEqual([100, 103]);
    // Back again before the time is over: nothing to do.
    changes.want({ columns: 104, rows: 10 });
    changes.want({ columns: 103, rows: 10 });
    clock.advance(1_000);
    expect(applied).toEqual([100, 103]);
  });
});

import { expect, it } from "vitest";
import { OutageNotices, type OutageNoticesOptions } from "./outage-notices.ts";

function createWorld(options: Partial<OutageNoticesOptions> = {}) {
  const state = { isAway: false, isFull: false };
  const told: string[] = [];
  const notices = new OutageNotices({
    whenAway: "wait",
    isQuiet: false,
    isAway: () => state.isAway,
    isFull: () => state.isFull,
    say: (text) => told.push(text),
    ...options,
  });
  return {
    told,
    goAway: () => {
      state.isAway = true;
      notices.wentAway();
    },
    comeBack: () => {
      state.isAway = false;
      notices.cameBack();
    },
    fill: () => {
      state.isFull = true;
      notices.filled();
    },
  };
}

it("tells once an outage that the program waits, whichever output is full", () => {
  const world = createWorld();
  world.goAway();
  world.fill();
  world.fill();
  world.comeBack();
  world.goAway();
  const outage = [
    "the server is away; output is kept here until it is back",
    "no room for more output: the program waits for the server",
  ];
  expect(world.told).toEqual([...outage, "the server is back", ...outage]);
});

it("tells nothing of a server that is only slow", () => {
  const world = createWorld();
  world.fill();
  expect(world.told).toEqual([]);
});

it("tells, when it is quiet, only of what is lost", () => {
  for (const [whenAway, expected] of [
    ["wait", []],
    ["drop", ["no room for more output: it is dropped until the server is back"]],
  ] as const) {
    const world = createWorld({ whenAway, isQuiet: true });
    world.goAway();
    world.fill();
    world.comeBack();
    expect(world.told).toEqual(expected);
  }
});

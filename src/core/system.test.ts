import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { pause } from "./system.ts";

it("pauses for as long as the clock says, and no longer", async () => {
  const clock = new FakeClock();
  const steps: string[] = [];
  const paused = pause(clock, 100).then(() => steps.push("paused"));
  clock.advance(99);
  await Promise.resolve();
  steps.push("before");
  clock.advance(1);
  await paused;
  expect(steps).toEqual(["before", "paused"]);
});

import { expect, it } from "vitest";
import { randomId } from "../../core/system.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { awayAfterMs, ServerPresence } from "./server-presence.ts";

function createWorld() {
  const clock = new FakeClock();
  const told: string[] = [];
  const events = { onAway: () => told.push("away"), onBack: () => told.push("back") };
  return { clock, told, presence: new ServerPresence({ clock, randomId }, events) };
}

it("tells once that the server is away, and once that it is back", () => {
  const { clock, told, presence } = createWorld();
  presence.missed();
  clock.advance(awayAfterMs - 1);
  expect(told).toEqual([]);
  presence.missed();
  clock.advance(1);
  expect(told).toEqual(["away"]);
  expect(presence.isAway).toBe(true);
  presence.missed();
  clock.advance(60_000);
  presence.reached();
  presence.reached();
  expect(told).toEqual(["away", "back"]);
  expect(presence.isAway).toBe(false);
});

it("tells nothing of a line that comes back soon, however often", () => {
  const { clock, told, presence } = createWorld();
  for (let i = 0; i < 100; i++) {
    presence.missed();
    clock.advance(awayAfterMs - 1);
    presence.reached();
    clock.advance(1);
  }
  expect(told).toEqual([]);
});

it("tells of each outage", () => {
  const { clock, told, presence } = createWorld();
  for (let i = 0; i < 2; i++) {
    presence.missed();
    clock.advance(awayAfterMs);
    presence.reached();
  }
  expect(told).toEqual(["away", "back", "away", "back"]);
});

it("tells nothing once it is disposed of", () => {
  const { clock, told, presence } = createWorld();
  presence.missed();
  presence.dispose();
  clock.advance(awayAfterMs);
  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

import { describe, expect, it } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SnapshotSchedule } from "./snapshot-schedule.ts";

const KiB = 1024;

function createWorld() {
  const clock = new FakeClock();
  let due = 0;
  const schedule = new SnapshotSchedule(clock, () => (due += 1));
  return { clock, schedule, due: () => due };
}

describe("SnapshotSchedule", () => {
  it("is due two seconds after the first output that no snapshot has, and not again", () => {
    const { clock, schedule, due } = createWorld();
    clock.advance(10_000);
    expect(schedule.isDue).toBe(false);
    schedule.wrote(1);
    clock.advance(1_999);
    schedule.wrote(1);
    expect([schedule.isDue, due()]).toEqual([false, 0]);
    clock.advance(1);
    expect([schedule.isDue, due()]).toEqual([true, 1]);
    schedule.taken();
    schedule.delivered();
    clock.advance(10_000);
    expect([schedule.isDue, due(), schedule.hasNews]).toEqual([false, 1, false]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("is due after 256 KiB, though not at once again", () => {
    const { clock, schedule, due } = createWorld();
    schedule.wrote(256 * KiB - 1);
    expect(schedule.isDue).toBe(false);
    schedule.wrote(1);
    expect(schedule.isDue).toBe(true);
    schedule.taken();
    schedule.delivered();
    schedule.wrote(256 * KiB);
    expect(schedule.isDue).toBe(false);
    clock.advance(2_000);
    expect(schedule.isDue).toBe(true);
    expect(due()).toBe(1);
  });

  it("is not due while one is under way, however long, until very much was written", () => {
    const { clock, schedule, due } = createWorld();
    schedule.wrote(256 * KiB);
    schedule.taken();
    schedule.wrote(256 * KiB);
    schedule.request();
    clock.advance(60_000);
    expect([schedule.isDue, due()]).toEqual([false, 0]);
    schedule.wrote(32 * KiB * KiB);
    expect(schedule.isDue).toBe(true);
    schedule.taken();
    schedule.delivered();
    expect(schedule.isDue).toBe(false);
  });

  it("is due at once when asked, or once the one under way is delivered", () => {
    const { schedule, due } = createWorld();
    schedule.request();
    expect([schedule.isDue, due()]).toEqual([true, 1]);
    schedule.taken();
    schedule.request();
    expect([schedule.isDue, due()]).toEqual([false, 1]);
    schedule.delivered();
    expect([schedule.isDue, due()]).toEqual([true, 2]);
  });
});

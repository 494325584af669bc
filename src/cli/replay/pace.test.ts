import { describe, expect, it } from "vitest";
import { FakeClock } from "../../testing/fake-clock.ts";
import { Pace } from "./pace.ts";

const startMs = 1_000_000;

function create({ speed = 1, idleMsMax = Infinity } = {}) {
  const clock = new FakeClock();
  const left = new AbortController();
  const pace = new Pace(clock, { speed, idleMsMax });
  const shown: number[] = [];
  /** Entries that were recorded so many milliseconds after the beginning. */
  const play = async (...atMs: readonly number[]): Promise<void> => {
    for (const ms of atMs) {
      await pace.reach(startMs + ms, left.signal);
      shown.push(ms);
    }
  };
  /** Time passes, and whoever waits has seen it. */
  const pass = async (ms: number): Promise<readonly number[]> => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
    return shown.splice(0);
  };
  return { pace, play, pass, left };
}

describe("Pace", () => {
  it("keeps the time between entries", async () => {
    const { play, pass } = create();
    void play(0, 500, 2_000);
    expect(await pass(0)).toEqual([0]);
    expect(await pass(499)).toEqual([]);
    expect(await pass(1)).toEqual([500]);
    expect(await pass(1_499)).toEqual([]);
    expect(await pass(1)).toEqual([2_000]);
  });

  it("goes faster and slower, also in the middle of a silence", async () => {
    const { pace, play, pass } = create({ speed: 2 });
    void play(0, 1_000, 2_000);
    await pass(0);
    expect(await pass(500)).toEqual([1_000]);
    expect(await pass(250)).toEqual([]);
    pace.setSpeed(0.5);
    expect(await pass(999)).toEqual([]);
    expect(await pass(1)).toEqual([2_000]);
  });

  it("shortens silences", async () => {
    const { play, pass } = create({ idleMsMax: 100 });
    void play(0, 3_600_000, 3_600_050);
    await pass(0);
    expect(await pass(100)).toEqual([3_600_000]);
    expect(await pass(50)).toEqual([3_600_050]);
  });

  it("stops and goes on where it stopped", async () => {
    const { pace, play, pass } = create();
    void play(0, 1_000);
    await pass(400);
    pace.togglePause();
    expect(await pass(10_000)).toEqual([]);
    pace.togglePause();
    expect(await pass(599)).toEqual([]);
    expect(await pass(1)).toEqual([1_000]);
  });

  it("skips, also while stopped, and keeps the time after that", async () => {
    const { pace, play, pass } = create();
    void play(0, 1_000, 4_000, 6_000);
    await pass(0);
    pace.togglePause();
    pace.skip(5_000);
    expect(await pass(10_000)).toEqual([1_000, 4_000]);
    pace.togglePause();
    expect(await pass(999)).toEqual([]);
    expect(await pass(1)).toEqual([6_000]);
  });

  it("does not hurry after what came late", async () => {
    const { play, pass } = create();
    await play(0);
    await pass(60_000);
    void play(100, 5_000);
    expect(await pass(0)).toEqual([100]);
    expect(await pass(4_899)).toEqual([]);
    expect(await pass(1)).toEqual([5_000]);
  });

  it("takes a clock that was set back for no time at all", async () => {
    const { play, pass } = create();
    void play(0, -50_000, -49_000);
    expect(await pass(0)).toEqual([0, -50_000]);
    expect(await pass(1_000)).toEqual([-49_000]);
  });

  it("ends when it is left", async () => {
    const { play, left } = create();
    const playing = play(0, 1_000);
    left.abort(new Error("left"));
    await expect(playing).rejects.toThrow("left");
  });
});

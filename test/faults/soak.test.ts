import { beforeAll, expect, it } from "vitest";
import { judgeSoakDisk, judgeSoakMemory, runSoak } from "../../bench/soak/soak-run.mjs";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";

/** Small, so that a minute has trimmed the logs and taken segments away many times. */
const sizes = { channels: 4, maxLogBytes: 256 * 1024, segmentBytes: 256 * 1024 };

const testTimeoutMs = 300_000;

beforeAll(() => ensureBuilt());

// Half an hour of it is a part of the benchmarks: `npm run bench -- --only soak`.
it(
  "a minute of readers that come and go leaves memory flat and the disk bounded, and nobody misses anything",
  async () => {
    const { samples, written, writersCut, counts, failures } = await runSoak({
      seconds: 60,
      // What a machine that does ten other things can carry, too.
      perSecond: 800,
      ...sizes,
      sampleMs: 1_500,
    });

    expect(failures).toEqual([]);
    const { missing, repeated, wrong, unexpectedGaps } = counts;
    expect({ missing, repeated, wrong, unexpectedGaps }).toEqual({
      ...{ missing: 0, repeated: 0, wrong: 0, unexpectedGaps: [] },
    });
    const entries = Object.values(written).reduce((sum, count) => sum + count, 0);
    // Three readers of each channel have all of it, or were told what a busy machine made them too late for.
    expect(counts.delivered + counts.skipped).toBeGreaterThanOrEqual(3 * entries);
    expect(Math.min(writersCut, counts.cut, counts.opened)).toBeGreaterThan(0);
    expect(judgeSoakMemory(samples).filter(({ isFlat }) => !isFlat)).toEqual([]);
    const disk = judgeSoakDisk(samples, sizes);
    expect(disk, JSON.stringify(disk)).toMatchObject({ isBounded: true });
  },
  testTimeoutMs,
);

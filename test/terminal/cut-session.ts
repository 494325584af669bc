import fc from "fast-check";
import { runCount } from "../run-count.ts";
import type { CutSession, ScreenStep } from "./screen-copy.ts";
import { output, outputPiece, size } from "./terminal-output.ts";

const outputStep = output.map((pieces) => pieces.join(""));
const sizes = fc.array(fc.tuple(size, outputStep), { maxLength: 2 }).map((pairs) => pairs.flat());

/** What is written at the place: its beginning before, and its end after it. */
const cutPiece = fc.tuple(outputPiece, fc.nat()).map(([piece, place]) => {
  // Never within a character.
  const characters = Array.from(piece);
  const count = place % characters.length;
  return [characters.slice(0, count).join(""), characters.slice(count).join("")] as const;
});

/** Random output and sizes around a place, which may be within a sequence. */
export const cutSession: fc.Arbitrary<CutSession> = fc
  .tuple(
    fc.record({ size, first: outputStep, sizes }),
    fc.oneof(fc.constant(["", ""] as const), cutPiece),
    fc.tuple(outputStep, size, outputStep),
  )
  .map(([{ size: firstSize, first, sizes: others }, [beginning, end], [next, ...last]]) => ({
    size: firstSize,
    before: [first, ...others, beginning] satisfies ScreenStep[],
    after: [end, next, ...last],
  }));

/** The short form always tries the same. */
export const cutSessionRuns = {
  numRuns: runCount(200, 10_000),
  seed: runCount(1, Date.now() % 2 ** 31),
};

import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { rejectionOf } from "../../src/testing/assertion.ts";
import { crashMutants, withCrashMutant } from "./crash-mutants.ts";
import { runCrashRounds } from "./crash-rounds.ts";

const roundsMax = 25;
const seed = 1;

beforeAll(() => ensureBuilt(), 300_000);

describe(`kills find within ${roundsMax} rounds a store that`, () => {
  it.each(crashMutants)("$name", async (mutant) => {
    const failure = await withCrashMutant(mutant, (distPath) =>
      rejectionOf(runCrashRounds({ seed, rounds: roundsMax, distPath }), mutant.name),
    );
    const { message } = failure as Error;
    console.log(`${mutant.name}: ${message.split("\n", 1).join("")}`);
    expect(message).toMatch(mutant.verdict);
  });
});

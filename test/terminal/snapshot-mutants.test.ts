import headless from "@xterm/headless";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Screen } from "../../src/cli/terminal/screen.ts";
import { insidesOf, readCharsets } from "../../src/cli/terminal/terminal-insides.ts";
import { withMutatedModule } from "../storage/mutant-source.ts";
import { cutSession, cutSessionRuns } from "./cut-session.ts";
import { readRecordedSessions } from "./recorded-session.ts";
import { expectSameAfter } from "./screen-copy.ts";
import { expectSameFromCuts, sparseCuts } from "./session-copies.ts";
import { snapshotMutants } from "./snapshot-mutants.ts";

type TestedScreen = Pick<typeof Screen, "create">;

const place = { folder: "cli/terminal", entry: "screen.ts" };
const letters = readCharsets(insidesOf(new headless.Terminal()));

/** What finds the bug, of all that is tried of a screen without one. */
async function findBug(tested: TestedScreen): Promise<string | undefined> {
  return (await findRandomCase(tested)) ?? (await findRecordedSession(tested));
}

async function findRandomCase(tested: TestedScreen): Promise<string | undefined> {
  const { failed, numRuns } = await fc.check(
    fc.asyncProperty(cutSession, (session) => expectSameAfter(tested, letters, session)),
    { ...cutSessionRuns, endOnFailure: true },
  );
  return failed ? `random case ${numRuns}` : undefined;
}

async function findRecordedSession(tested: TestedScreen): Promise<string | undefined> {
  for (const session of readRecordedSessions()) {
    const isFound = await expectSameFromCuts(tested, letters, session, sparseCuts).then(
      () => false,
      () => true,
    );
    if (isFound) return `the session of ${session.name}`;
  }
  return undefined;
}

describe("random cases or recorded sessions find a snapshot that", () => {
  it.each(snapshotMutants)("$name", { timeout: 120_000 }, async (mutant) => {
    const finder = await withMutatedModule(mutant, place, (module) =>
      findBug((module as { readonly Screen: TestedScreen }).Screen),
    );
    console.log(`${mutant.name}: found by ${finder}`);
    expect(finder).toBeDefined();
  });
});

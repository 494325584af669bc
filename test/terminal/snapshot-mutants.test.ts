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
import { snapshotMutants, type SnapshotMutant } from "./snapshot-mutants.ts";

type TestedScreen = Pick<typeof Screen, "create">;

const place = { folder: "cli/terminal", entry: "screen.ts" };
const letters = readCharsets(insidesOf(new headless.Terminal()));

async function withScreen<Result>(
  mutant: SnapshotMutant,
  use: (tested: TestedScreen) => Promise<Result>,
): Promise<Result> {
  return await withMutatedModule(mutant, place, (module) =>
    use((module as { readonly Screen: TestedScreen }).Screen),
  );
}

describe("random cases find a snapshot that", () => {
  it.each(snapshotMutants)("$name", { timeout: 120_000 }, async (mutant) => {
    const { failed, numRuns } = await withScreen(mutant, async (tested) =>
      fc.check(
        fc.asyncProperty(cutSession, (session) => expectSameAfter(tested, letters, session)),
        { ...cutSessionRuns, endOnFailure: true },
      ),
    );
    console.log(`${mutant.name}: found by case ${numRuns}`);
    expect(failed).toBe(true);
  });
});

describe("a recorded session finds a snapshot that", () => {
  const sessions = readRecordedSessions();
  const found = snapshotMutants.filter(({ session }) => session !== undefined);
  it.each(found)("$name: that of $session", async (mutant) => {
    const session = sessions.find(({ name }) => name === mutant.session)!;
    const isSame = withScreen(mutant, (tested) =>
      expectSameFromCuts(tested, letters, session, sparseCuts),
    );
    await expect(isSame).rejects.toThrow(/^(at|\d+ after) step/);
  });
});

import headless from "@xterm/headless";
import { describe, it } from "vitest";
import { Screen } from "../../src/cli/terminal/screen.ts";
import { insidesOf, readCharsets } from "../../src/cli/terminal/terminal-insides.ts";
import { runCount } from "../run-count.ts";
import { readRecordedSessions } from "./recorded-session.ts";
import { allCuts, expectSameFromCuts, sparseCuts } from "./session-copies.ts";

const letters = readCharsets(insidesOf(new headless.Terminal()));
const cuts = runCount(0, 1) === 0 ? sparseCuts : allCuts;

describe("a screen from a snapshot is that from the start, cell by cell, in a session of", () => {
  it.each(readRecordedSessions())(
    "$name",
    { timeout: runCount(60_000, 3_600_000) },
    async (session) => {
      await expectSameFromCuts(Screen, letters, session, cuts);
    },
  );
});

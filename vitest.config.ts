import { defineConfig } from "vitest/config";

/**
 * Real sockets, files and processes on a busy machine: generous, but a hang still fails in time. A long run has up to fifty
 * times as many cases in one test.
 */
const testTimeoutMs = process.env.JOBWIRE_TEST_LONG === undefined ? 20_000 : 1_800_000;

const project = (name: string, include: string[], options: object = {}) => ({
  test: {
    name,
    include,
    environment: "node" as const,
    testTimeout: testTimeoutMs,
    hookTimeout: testTimeoutMs,
    retry: 0,
    ...options,
  },
});

const patient = { testTimeout: 120_000, hookTimeout: 120_000 };
/** After all that run two files at a time, and not beside each other. */
const oneAtATime = (groupOrder: number) => ({
  ...patient,
  fileParallelism: false,
  sequence: { groupOrder },
});

/** Tests that say that they run side by side are mostly waiting. */
const sideBySide = { maxConcurrency: 16 };

export default defineConfig({
  test: {
    // One processor is left idle unless told otherwise, which on two of them is half of the machine.
    maxWorkers: "100%",
    coverage: { provider: "v8", include: ["src/**"], exclude: ["**/*.test.ts"] },
    projects: [
      project("unit", [
        "src/**/*.test.ts",
        "test/{architecture,conformance,docs,doors,seed,storage,terminal,tooling}/**/*.test.ts",
      ]),
      project("faults", ["test/faults/*.test.ts"], { ...patient, ...sideBySide }),
      // They measure what their neighbours notice of them: another neighbour would disturb that.
      project("attacks", ["test/faults/attacks/**/*.test.ts"], { ...oneAtATime(1), ...sideBySide }),
      // The same programs, killed and restarted, where nothing is measured: two files at a time.
      project("commands", ["test/commands/**/*.test.ts"], patient),
      // Nothing is measured: the minute that one of them is about passes beside the others.
      project("browser", ["test/browser/{*,console/*}.test.ts"], patient),
      // They measure how soon a page answers, with both processors for it and who floods it.
      project("responsiveness", ["test/browser/responsiveness/*.test.ts"], oneAtATime(2)),
      // Servers elect leaders in their own time, and are killed and frozen.
      project("cluster", ["test/cluster/**/*.test.ts"], oneAtATime(3)),
      project("package", ["test/package/**/*.test.ts"], { ...oneAtATime(4), testTimeout: 300_000 }),
    ],
  },
});

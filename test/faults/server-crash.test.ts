import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../../scripts/project.mjs";
import { runCount } from "../run-count.ts";
import { runCrashRounds } from "./crash-rounds.ts";

const rounds = runCount(25, 500);
const seed = Number(process.env.JOBWIRE_TEST_SEED ?? Date.now() % 1_000_000);
const timeoutMs = runCount(300_000, 7_200_000);

beforeAll(() => ensureBuilt(), 300_000);

it(`loses nothing over ${rounds} kills under load`, { timeout: timeoutMs }, async () => {
  console.log(`server-crash: seed ${seed} (again with JOBWIRE_TEST_SEED=${seed})`);
  const seen = await runCrashRounds({ seed, rounds, distPath: join(root, "dist") });
  const names = [...seen.filesSeen];
  const compacted = names.filter((name) => /\.g\d+\.segment$/.test(name));
  const { there, added } = seen.retried;
  console.log(
    `server-crash: ${seen.answerCount} answers, ${there + added} appends sent again of which ${there} were there, ` +
      `${names.length} files of the store, ${compacted.length} of them compacted`,
  );
  expect(names.some((name) => name.endsWith(".checkpoint"))).toBe(true);
  // Otherwise it has shown nothing of compaction, or of retries.
  expect(Math.min(compacted.length, there, added)).toBeGreaterThan(0);
});

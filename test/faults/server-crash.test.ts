import { beforeAll, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { SuiteFailure } from "../../src/testing/assertion.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import { runCount } from "../run-count.ts";
import { auditServer } from "./crash-audit.ts";
import { CrashWorld } from "./crash-world.ts";
import { ProcessOwner } from "./process-owner.ts";

const rounds = runCount(25, 500);
const seed = Number(process.env.JOBWIRE_TEST_SEED ?? Date.now() % 1_000_000);
const owners = 4;
const answersPerRoundMax = 200;
const timeoutMs = runCount(300_000, 7_200_000);

beforeAll(() => ensureBuilt(), 300_000);

/** Kills the server again and again, and looks after each start at what is left. */
async function killAndCompare(world: CrashWorld): Promise<void> {
  const random = createSeededRandom(seed);
  for (let round = 0; round < rounds; round++) {
    if (random(3) === 0) await world.startInVain();
    await world.start();
    await auditServer(world);
    await world.killAtWork(1 + random(answersPerRoundMax));
    world.checker.requireNoViolation();
  }
  world.isEnding = true;
  await world.start();
}

it(`loses nothing over ${rounds} kills under load`, { timeout: timeoutMs }, async () => {
  console.log(`server-crash: seed ${seed} (again with JOBWIRE_TEST_SEED=${seed})`);
  await using world = new CrashWorld(seed);
  const work = Array.from({ length: owners }, (_, index) =>
    new ProcessOwner(world, `job${index}`, createSeededRandom(seed * owners + index)).run(),
  );
  try {
    await Promise.all([killAndCompare(world), ...work]);
    await auditServer(world);
    world.checker.finish();
    world.requireNoError();
  } catch (error) {
    const { violations } = world.checker;
    const { stack } = error as Error;
    throw new SuiteFailure(`seed ${seed}: ${stack}\n${violations.join("\n")}`);
  }
  const names = [...world.filesSeen];
  const compacted = names.filter((name) => /\.g\d+\.segment$/.test(name));
  const { there, added } = world.retried;
  console.log(
    `server-crash: ${world.answerCount} answers, ${there + added} appends sent again of which ${there} were there, ` +
      `${names.length} files of the store, ${compacted.length} of them compacted`,
  );
  expect(names.some((name) => name.endsWith(".checkpoint"))).toBe(true);
  // Otherwise it has shown nothing of compaction, or of retries.
  expect(Math.min(compacted.length, there, added)).toBeGreaterThan(0);
});

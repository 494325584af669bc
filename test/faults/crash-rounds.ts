import { SuiteFailure } from "../../src/testing/assertion.ts";
import { createSeededRandom } from "../../src/testing/store-samples.ts";
import { auditServer } from "./crash-audit.ts";
import { CrashWorld } from "./crash-world.ts";
import { ProcessOwner } from "./process-owner.ts";

const owners = 4;
const answersPerRoundMax = 200;

export interface CrashRounds {
  readonly seed: number;
  readonly rounds: number;
  /** The built program that is killed. */
  readonly distPath: string;
}

/** Kills a server under load again and again. Returns what was seen, and throws if any of it was wrong. */
export async function runCrashRounds({ seed, rounds, distPath }: CrashRounds): Promise<CrashWorld> {
  await using world = new CrashWorld(seed, distPath);
  const work = Array.from({ length: owners }, (_, index) =>
    new ProcessOwner(world, `job${index}`, createSeededRandom(seed * owners + index)).run(),
  );
  try {
    await Promise.all([killAndCompare(world, rounds), ...work]);
    await auditServer(world);
    world.checker.finish();
    world.requireNoError();
  } catch (error) {
    const { violations } = world.checker;
    const { stack } = error as Error;
    throw new SuiteFailure(
      `seed ${seed}, after ${world.killCount} kills: ${stack}\n${violations.join("\n")}`,
    );
  }
  return world;
}

/** Looks after each start at what is left. */
async function killAndCompare(world: CrashWorld, rounds: number): Promise<void> {
  const random = createSeededRandom(world.seed);
  for (let round = 0; round < rounds; round++) {
    if (random(3) === 0) await world.startInVain();
    await world.start();
    await auditServer(world);
    const answers = 1 + random(answersPerRoundMax);
    if (random(2) === 0) await world.killAtRest(answers);
    else await world.killAtWork(answers);
    world.checker.requireNoViolation();
  }
  world.isEnding = true;
  await world.start();
}

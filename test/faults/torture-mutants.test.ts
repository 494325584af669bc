import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { root } from "../../scripts/project.mjs";
import type { Jobwire } from "../../src/client/node.ts";
import { withMutatedModule, type Mutant } from "../storage/mutant-source.ts";
import { runTortureRound } from "./torture-rounds.ts";

const roundsMax = 25;

const mutants: readonly (Mutant & { readonly verdict: RegExp })[] = [
  {
    name: "moves its cursor before it delivers",
    file: "reader.ts",
    find: `    if (this.#end === undefined) this.states.set({ kind: "connecting" });`,
    replace: `    this.#queue = []; this.#queuedBytes = 0;`,
    verdict: /where \d+ was next, after/,
  },
  {
    name: "sends again under new numbers",
    file: "producer.ts",
    find: `    this.#groups = [];\n    this.#recover();`,
    replace: `    this.#groups = []; this.#needsNewId = true;\n    this.#recover();`,
    verdict: /is at position \d+ and again at/,
  },
];

/** Those in which the server is killed twice: there is much doubt, and nothing may be lost. */
const seedStep = 5;

/** What the first round says of it that it does not get through. */
async function findFailure(client: typeof Jobwire): Promise<string | undefined> {
  for (let seed = 1; seed <= roundsMax * seedStep; seed += seedStep) {
    try {
      await runTortureRound({
        ...{ seed, distPath: join(root, "dist") },
        createClient: (options) => new client(options),
      });
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

beforeAll(() => ensureBuilt(), 300_000);

describe(`bad lines find within ${roundsMax} rounds a client that`, () => {
  it.concurrent.each(mutants)("$name", { timeout: 600_000 }, async (mutant) => {
    const place = { folder: "client", entry: "node.ts" };
    const failure = await withMutatedModule(mutant, place, (module) =>
      findFailure((module as { readonly Jobwire: typeof Jobwire }).Jobwire),
    );
    console.log(`${mutant.name}: ${failure?.split("\n").slice(0, 1).join("").slice(0, 200)}`);
    expect(failure).toMatch(mutant.verdict);
  });
});

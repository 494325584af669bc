import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttackWorld } from "./attack-world.ts";
import type { AttackSettings } from "./attack-world.ts";
import { Attacker } from "./attacker.ts";

/** One of the worst things that a client can do, and the exact answer that it gets. */
export interface Attack {
  readonly name: string;
  readonly run: (attacker: Attacker, world: AttackWorld) => Promise<unknown>;
  /** What the server may hold more than before while the attacker stays. */
  readonly heldBytesMax?: number;
  /** What gives the answer, if `run` does not: the neighbour is not looked at any more. */
  readonly aftermath?: (attacker: Attacker, world: AttackWorld) => Promise<unknown>;
  readonly answer: unknown;
  /** What the attacker's own entries take, which are there to stay. */
  readonly keptBytes?: number;
}

const MiB = 1024 * 1024;
const baselineRounds = 40;
/** What the neighbour may wait longer than without the attack, as a rule and at most: other programs run here, too. */
const typicallySlowerMsMax = 250;
const slowerMsMax = 3_000;
/** What may stay of an attack: code that was compiled for it, buffers that are used again. */
const restBytesMax = 8 * MiB;

/** Every attack is answered as it says, slows no neighbour, leaves no memory behind, and is no failure of the server's. */
export function attackSuite(
  name: string,
  attacks: readonly Attack[],
  settings: AttackSettings = {},
): void {
  describe(name, () => {
    let world: AttackWorld;

    beforeAll(async () => {
      world = await AttackWorld.create(settings);
      await world.createProcess("p", "attacker");
    });

    afterAll(() => world[Symbol.asyncDispose]());

    it.each(attacks)("$name", async ({ name: attack, run, answer, ...rest }) => {
      const { heldBytesMax = Infinity, aftermath, keptBytes = 0 } = rest;
      const attacker = new Attacker(world);
      const baseline = await world.measure(baselineRounds);
      const heldBefore = await world.heldBytes();
      const grown = async (): Promise<number> => (await world.heldBytes()) - heldBefore;
      try {
        const { result, latencies } = await world.measureDuring(() => run(attacker, world));
        console.log(`${attack}: neighbour ${spread(baseline)} before, ${spread(latencies)} during`);
        expect(await grown()).toBeLessThan(heldBytesMax);
        expect(aftermath === undefined ? result : await aftermath(attacker, world)).toEqual(answer);
        expect(at(latencies, 0.5)).toBeLessThan(at(baseline, 0.5) + typicallySlowerMsMax);
        expect(at(latencies, 1)).toBeLessThan(at(baseline, 1) + slowerMsMax);
      } finally {
        attacker.leave();
      }
      await expect.poll(grown, { timeout: 20_000 }).toBeLessThan(restBytesMax + keptBytes);
      expect(world.isRunning).toBe(true);
      expect(world.lines.filter((line) => levelOf(line) >= errorLevel)).toEqual([]);
    });
  });
}

/** Of pino. */
const errorLevel = 50;

function levelOf(line: string): number {
  return (JSON.parse(line) as { level: number }).level;
}

function spread(latencies: readonly number[]): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => at(latencies, share).toFixed(1));
  return `p50 ${p50} p99 ${p99} max ${max} ms of ${latencies.length}`;
}

function at(latencies: readonly number[], share: number): number {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

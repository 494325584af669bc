import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttackWorld } from "./attack-world.ts";
import type { AttackSettings } from "./attack-world.ts";
import { Attacker } from "./attacker.ts";

/** One of the worst things that a client can do, and the exact answer that it gets. */
export interface Attack {
  readonly name: string;
  readonly run: (attacker: Attacker, world: AttackWorld) => Promise<unknown>;
  readonly answer: unknown;
  /** What the attacker's own entries take, which are there to stay. */
  readonly keptBytes?: number;
}

const MiB = 1024 * 1024;
const baselineRounds = 40;
/** What the neighbour's slowest request may take longer than without the attack: other programs run here, too. */
const slowerMsMax = 1_000;
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

    it.each(attacks)("$name", async ({ name: attack, run, answer, keptBytes = 0 }) => {
      const attacker = new Attacker(world);
      const baseline = await world.measure(baselineRounds);
      const heldBefore = await world.heldBytes();
      try {
        const { result, latencies } = await world.measureDuring(() => run(attacker, world));
        expect(result).toEqual(answer);
        console.log(`${attack}: neighbour ${spread(baseline)} before, ${spread(latencies)} during`);
        expect(Math.max(...latencies)).toBeLessThan(Math.max(...baseline) + slowerMsMax);
      } finally {
        attacker.leave();
      }
      const rest = async (): Promise<number> => (await world.heldBytes()) - heldBefore;
      await expect.poll(rest, { timeout: 20_000 }).toBeLessThan(restBytesMax + keptBytes);
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
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms of ${sorted.length}`;
}

import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { runCount } from "../run-count.ts";
import { OutageWorld, withoutGaps, type Memory } from "./outage-world.ts";

/** Outages end once the command has told of them, in the long run after this many seconds more. */
const outageSeconds = [...new Set([runCount(0, 30), runCount(0, 300)])];
const testMs = 240_000 + Math.max(...outageSeconds) * 1000;

const cases = (["kept", "lost"] as const).flatMap((memory) =>
  outageSeconds.map((seconds) => ({ memory, seconds })),
);
const nameOf = ({ memory, seconds }: (typeof cases)[number]): string =>
  `memory ${memory}${seconds === 0 ? "" : `, ${seconds} s`}`;

const seq = (last: number): string => Array.from({ length: last }, (_, i) => `${i + 1}\n`).join("");

/** The channel as it has to be when the server has forgotten what it had acknowledged, or has not. */
async function expectExact(outage: OutageWorld, channel: string, whole: Buffer, memory: Memory) {
  const { bytes, gaps, types } = await outage.channel(channel);
  const [lost, ...others] = gaps;
  expect(others).toEqual([]);
  if (memory === "kept") expect(lost).toBeUndefined();
  // Nothing of stderr may have been acknowledged yet.
  else if (channel === "stdout") expect(lost).toMatchObject({ at: 0, reason: "lost" });
  expect(bytes.equals(withoutGaps(whole, gaps))).toBe(true);
  expect(types.at(-1)).toBe("end");
}

// Side by side: the long outages are mostly waiting.
describe.concurrent.each(cases.map((outage) => [nameOf(outage), outage] as const))(
  "an outage (%s)",
  (_name, { memory, seconds }) => {
    it(
      "of a program that prints more than the buffer makes it wait and loses nothing more",
      { timeout: testMs },
      async () => {
        await using outage = await OutageWorld.create(memory);
        const script =
          "seq 1 1000; echo first >&2; await_go; seq 1001 400000; echo last >&2; exit 7";
        const run = await outage.run(script, ["--buffer", "1"]);
        await outage.goAway();
        await run.waitFor(/the server is away/);
        await outage.go();
        await run.waitFor(/the program waits for the server/);
        await delay(seconds * 1000);
        expect(run.stdout.toString().endsWith("400000\n")).toBe(false);
        await outage.comeBack();
        expect(await run.exited).toBe(7);

        expect(run.stdout.toString() === `one\ntwo\n${seq(400_000)}`).toBe(true);
        await expectExact(outage, "stdout", run.stdout, memory);
        await expectExact(outage, "stderr", Buffer.from("first\nlast\n"), memory);
        expect(run.stderr.match(/the server is away/g)).toHaveLength(1);
        expect(run.stderr.match(/the server is back/g)).toHaveLength(1);
        expect((await outage.process()).outcome).toMatchObject({ exitcode: 7 });
      },
    );

    it(
      "of a program that prints all the time is made good with few entries",
      { timeout: testMs },
      async () => {
        await using outage = await OutageWorld.create(memory);
        // Not more often than a busy machine starts programs; the shell itself prints and counts.
        const script =
          "i=0; while [ ! -e stop ]; do echo line $i; i=$((i + 1)); sleep 0.01; done; exit 4";
        const run = await outage.run(script);
        await outage.goAway();
        await run.waitFor(/the server is away/);
        const before = run.stdout.byteLength;
        await delay(seconds * 1000);
        const afterLine = run.stdout.toString().split("\n").length + 20;
        await run.waitFor(new RegExp(`line ${afterLine}\n`));
        expect(run.stdout.byteLength).toBeGreaterThan(before);
        await outage.comeBack();
        await run.waitFor(/the server is back/);
        await outage.stop();
        expect(await run.exited).toBe(4);
        await expectExact(outage, "stdout", run.stdout, memory);
        expect((await outage.process()).outcome).toMatchObject({ exitcode: 4 });
      },
    );

    it("of a silent program keeps its role, and its end arrives", { timeout: testMs }, async () => {
      await using outage = await OutageWorld.create(memory);
      const run = await outage.run("await_go; exit 5");
      await outage.goAway();
      await run.waitFor(/the server is away/);
      await delay(seconds * 1000);
      await outage.comeBack();
      await run.waitFor(/the server is back/);
      if (memory === "lost") await run.waitFor(/created again under the same id; [48] bytes/);
      expect((await outage.process()).state).toBe("running");
      await outage.go();
      expect(await run.exited).toBe(5);
      expect(run.stderr.match(/created again/g) ?? []).toHaveLength(memory === "lost" ? 1 : 0);
      await expectExact(outage, "stdout", Buffer.from("one\ntwo\n"), memory);
      expect((await outage.process()).outcome).toEqual({
        status: "failed",
        error: "exit code 5",
        exitcode: 5,
      });
    });

    it(
      "in which the program ends is waited for, and its end arrives",
      { timeout: testMs },
      async () => {
        await using outage = await OutageWorld.create(memory);
        const run = await outage.run("await_go; echo three; exit 6");
        await outage.goAway();
        await run.waitFor(/the server is away/);
        await outage.go();
        await run.waitFor(/the program has ended; waiting for the server/);
        await delay(seconds * 1000);
        await outage.comeBack();
        expect(await run.exited).toBe(6);
        await expectExact(outage, "stdout", Buffer.from("one\ntwo\nthree\n"), memory);
        expect((await outage.process()).outcome).toMatchObject({ exitcode: 6 });
      },
    );
  },
);

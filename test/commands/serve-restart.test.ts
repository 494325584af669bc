import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CliWorld } from "../cli-world.ts";

const restarts = 3;
const counting =
  "i=0; while [ ! -e stop ]; do echo line $i; i=$((i + 1)); sleep 0.01; done; exit 4";

/** Lets a server end or dies with it, and starts the next one at the same address. */
async function restart(
  world: CliWorld,
  signal: NodeJS.Signals,
  whileAway: () => Promise<void> | void = () => undefined,
): Promise<void> {
  const exitCode = await world.stopServer(signal);
  expect(exitCode).toBe(signal === "SIGKILL" ? 128 + 9 : 0);
  await whileAway();
  await world.serve(Number(new URL(world.url).port));
}

// Each has a world of its own, and is mostly waiting.
describe.concurrent.each(["SIGTERM", "SIGKILL"] as const)("a server that gets %s", (signal) => {
  it("is back with everything: run, attach and tail go on, byte for byte", async () => {
    await using world = await CliWorld.create();
    const run = world.start(["run", "--name", "job", "--", "sh", "-c", counting]);
    await run.waitFor(/line 1\n/);
    const attached = world.start(["attach", "job", "--no-stdin"]);
    const tail = world.start(["tail", "job"]);
    const readers = [attached, tail];
    for (const reader of readers) await reader.waitFor(/line 1\n/);
    for (let round = 1; round <= restarts; round++) {
      await restart(world, signal);
      const next = run.stdout.toString().split("\n").length + 20;
      for (const one of [run, ...readers]) await one.waitFor(new RegExp(`line ${next}\n`));
    }
    await writeFile(join(world.directory, "stop"), "");
    expect(await run.exited).toBe(4);
    expect(await attached.exited).toBe(4);
    expect(await tail.exited).toBe(0);
    const lines = run.stdout.toString().trimEnd().split("\n");
    expect(lines).toEqual(lines.map((_, i) => `line ${i}`));
    for (const { stdout } of readers) expect(stdout.equals(run.stdout)).toBe(true);
    const again = await world.run(["tail", "job", "--exit-code"]);
    expect(again).toEqual({ exitCode: 4, stdout: run.stdout.toString(), stderr: "" });
    expect(run.stderr).not.toContain("created again");
  });

  it("takes what is typed meanwhile when it is back, each line once", async () => {
    await using world = await CliWorld.create();
    const run = world.start(["run", "--name", "job", "--no-stdin", "--", "cat"]);
    await run.waitFor(/process \w+/);
    const attached = world.start(["attach", "job"]);
    const type = (line: string): void => void attached.child.stdin.write(line);
    type("before\n");
    await attached.waitFor(/before\n/);
    for (let round = 1; round <= restarts; round++) {
      await restart(world, signal, () => type(`away ${round}\n`));
      await attached.waitFor(new RegExp(`away ${round}\n`));
      type(`back ${round}\n`);
      await attached.waitFor(new RegExp(`back ${round}\n`));
    }
    attached.child.stdin.end();
    expect(await attached.exited).toBe(0);
    expect(await run.exited).toBe(0);
    const rounds = Array.from({ length: restarts }, (_, i) => `away ${i + 1}\nback ${i + 1}\n`);
    expect(attached.stdout.toString()).toBe(`before\n${rounds.join("")}`);
    expect(run.stdout.equals(attached.stdout)).toBe(true);
  });

  it("hears of the end of a program that ended while it was away", async () => {
    await using world = await CliWorld.create();
    const script = "echo begin; while [ ! -e stop ]; do sleep 0.05; done; echo end; exit 6";
    const run = world.start(["run", "--name", "job", "--", "sh", "-c", script]);
    await run.waitFor(/begin\n/);
    const attached = world.start(["attach", "job", "--no-stdin"]);
    await attached.waitFor(/begin\n/);
    await restart(world, signal, async () => {
      await writeFile(join(world.directory, "stop"), "");
      await run.waitFor(/waiting for the server/);
    });
    expect(await run.exited).toBe(6);
    expect(await attached.exited).toBe(6);
    expect(attached.stdout.toString()).toBe("begin\nend\n");
    expect((await world.lastProcess()).outcome).toMatchObject({ status: "failed", exitcode: 6 });
  });
});

it("does not let a copier take a killed server for the end of what it copies", async () => {
  await using world = await CliWorld.create();
  const run = world.start(["run", "--no-stdin", "--", "sh", "-c", "echo begin; sleep 600"]);
  await run.waitFor(/begin\n/);
  const { id } = await world.lastProcess();
  const response = await fetch(`${world.url}/v1/processes/${id}/channels/stdout/entries`, {
    headers: {
      accept: "application/octet-stream",
      authorization: `Bearer ${await world.token()}`,
    },
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  expect(Buffer.from(value ?? []).toString()).toBe("begin\n");
  await world.stopServer("SIGKILL");
  await expect(reader.read()).rejects.toThrow("terminated");
});

import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliWorld } from "../cli-world.ts";

const program = fileURLToPath(new URL("../../examples/survey-repository.mjs", import.meta.url));
const repository = fileURLToPath(new URL("../..", import.meta.url));
let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.create();
});

afterAll(() => world[Symbol.asyncDispose]());

const start = (seconds: number) =>
  world.start(
    [
      ...["run", "--no-stdin", "--name", "sample", "--channel", "progress", "--"],
      ...[process.execPath, program, repository],
    ],
    {
      SURVEY_SECONDS: String(seconds),
    },
  );

describe("the sample job", () => {
  it("asks a question and carries on with the answer that is sent", async () => {
    const run = start(6);
    await run.waitFor(/Which extension shall I look at more closely\? \[ts\]/);
    expect((await world.run(["send", "sample", "stdin", "mjs"])).exitCode).toBe(0);
    expect(await run.exited).toBe(0);
    const printed = run.stdout.toString();
    expect(printed).toContain("You chose mjs.");
    const plain = stripVTControlCharacters(printed);
    expect(plain).not.toBe(printed);
    expect(plain).toMatch(/longest files\n +\d+ {2}\S+\.mjs\n/);
    expect(plain).toMatch(/\ndone\n$/);
    expect((await world.run(["tail", "sample", "--exit-code"])).stdout).toBe(printed);
    const progress = (await world.run(["tail", "sample", "progress", "--json"])).stdout;
    expect(progress.split("\n").filter((line) => line.includes("jobwire.metric"))).not.toEqual([]);
    expect(progress.match(/"type":"jobwire.progress"/g)?.length).toBeGreaterThan(10);
  });

  it("carries on without one after a while", async () => {
    const run = start(0.5);
    expect(await run.exited).toBe(0);
    expect(run.stdout.toString()).toContain("No answer: I take ts.");
  });
});

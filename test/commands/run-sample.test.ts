import { fileURLToPath } from "node:url";
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
    ["run", "--no-stdin", "--name", "sample", "--", process.execPath, program, repository],
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
    expect(printed).toMatch(/longest files\n +\d+ {2}\S+\.mjs\n/);
    expect(printed).toMatch(/\ndone\n$/);
    expect((await world.run(["tail", "sample", "--exit-code"])).stdout).toBe(printed);
  });

  it("carries on without one after a while", async () => {
    const run = start(0.5);
    expect(await run.exited).toBe(0);
    expect(run.stdout.toString()).toContain("No answer: I take ts.");
  });
});

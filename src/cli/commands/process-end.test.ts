import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld } from "../../../test/command-world.ts";

let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
});

afterAll(() => commands[Symbol.asyncDispose]());

interface Shown {
  readonly state: string;
  readonly cancelrequest?: { readonly by: string };
  readonly outcome?: unknown;
}

async function show(id: string): Promise<Shown> {
  const response = await commands.server.request("sub", "GET", `/v1/processes/${id}`);
  return (await response.json()) as Shown;
}

describe("cancel", () => {
  it("asks whoever runs the process to stop", async () => {
    await commands.create({ id: "runs", executorid: "exe" });
    const { exitCode, stderr } = await commands.run(["cancel", "runs"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: "jobwire: runs is asked to stop\n",
    });
    expect(await show("runs")).toMatchObject({ state: "running", cancelrequest: { by: "sub" } });
    expect((await commands.run(["cancel", "runs"])).exitCode).toBe(0);
  });

  it("closes a process that nobody runs", async () => {
    await commands.create({ id: "waits" });
    expect((await commands.run(["cancel", "waits"])).stderr).toContain("waits is cancelled");
    expect((await show("waits")).outcome).toEqual({ status: "cancelled" });
  });

  it("is refused to those who may not", async () => {
    await commands.create({ id: "mine", executorid: "exe" });
    const environment = await commands.environmentOf("exe");
    const { exitCode, stderr } = await commands.run(["cancel", "mine"], { environment });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("cancel needs to be submitter or admin or grant");
  });
});

describe("close", () => {
  it.each([
    ["c1", [], { status: "success" }],
    ["c2", ["--exit-code", "0"], { status: "success", exitcode: 0 }],
    ["c3", ["--status", "cancelled"], { status: "cancelled" }],
    [
      "c4",
      ["--status", "failed", "--error", "out of disk", "--exit-code", "9"],
      { status: "failed", error: "out of disk", exitcode: 9 },
    ],
  ])("of %s with %j ends the process so", async (id, flags, outcome) => {
    await commands.create({ id });
    expect((await commands.run(["close", id, ...flags])).exitCode).toBe(0);
    expect(await show(id)).toMatchObject({ state: "closed", outcome });
  });

  it("again is a success with the same outcome, and a failure with another one", async () => {
    await commands.create({ id: "twice" });
    await commands.run(["close", "twice"]);
    expect((await commands.run(["close", "twice"])).exitCode).toBe(0);
    const { exitCode, stderr } = await commands.run(["close", "twice", "--status", "cancelled"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: "jobwire: process is closed: twice\n",
    });
  });

  it.each([
    [["--status", "well"], "Allowed choices are success, failed, cancelled"],
    [["--exit-code", "300"], "whole number from 0 to 255"],
    [["--error", "bad"], "--error goes with --status failed only"],
  ])("refuses %j", async (flags, message) => {
    const { exitCode, stderr } = await commands.run(["close", "twice", ...flags]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("delete", () => {
  it("removes a closed process for good", async () => {
    await commands.create({ id: "over", label: "old" });
    await commands.close("over");
    expect((await commands.run(["delete", "old"])).stderr).toBe("jobwire: over is deleted\n");
    expect((await commands.run(["delete", "over"])).exitCode).toBe(5);
  });

  it("spares a process that has not ended, unless it is forced", async () => {
    await commands.create({ id: "alive" });
    const { exitCode, stderr } = await commands.run(["delete", "alive"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("alive has not ended");
    expect(stderr).toContain("--force");
    expect((await show("alive")).state).toBe("waiting");
    expect((await commands.run(["delete", "alive", "--force"])).exitCode).toBe(0);
    expect((await commands.run(["inspect", "alive"])).exitCode).toBe(5);
  });
});

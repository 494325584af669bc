import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld } from "../../../test/command-world.ts";

let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
  await commands.create({
    id: "job-1",
    label: "\u001b[2Jname",
    executorid: "exe",
    channels: [{ name: "out", maxlogbytes: 1536, whenfull: "trim" }, { name: "in" }],
    leasems: 30_000,
  });
  await commands.append("job-1", "x");
  await commands.run(["cancel", "job-1"]);
});

afterAll(() => commands[Symbol.asyncDispose]());

describe("inspect", () => {
  it("shows who, when, and how much is in each channel", async () => {
    const { exitCode, stdout } = await commands.run(["inspect", "job-1"]);
    expect(exitCode).toBe(0);
    for (const line of [
      /^id +job-1$/m,
      /^name +\\e\[2Jname$/m,
      /^state +cancelling$/m,
      /^submitter +sub$/m,
      /^executor +exe$/m,
      /^cancel +sub, 2\d{3}-\S+ \(\d+s ago\)$/m,
      /^created +2\d{3}-\S+ \(\d+s ago\)$/m,
      /^lease +30 s$/m,
      /^CHANNEL +FIRST +LAST +BYTES +LIMIT +WHEN FULL +WRITERS$/m,
      /^out +1 +1 +\d+ B +1\.5 KiB +trim +both$/m,
      /^in +1 +0 +0 B +1 GiB +refuse +both$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).not.toContain("GRANT");
    expect(stdout).not.toContain("\u001b");
  });

  it("shows its grants, without what their holders present", async () => {
    const created = await commands.run(["grant", "create", "job-1", "--json"]);
    const { id, grant } = JSON.parse(created.stdout) as { id: string; grant: string };
    const { stdout } = await commands.run(["inspect", "job-1"]);
    expect(stdout).toMatch(new RegExp(`^${id} +read +all +23h +sub$`, "m"));
    expect(stdout).not.toContain(grant);
  });

  it("prints one JSON object for programs", async () => {
    const { stdout } = await commands.run(["inspect", "@last", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      process: { id: "job-1", state: "running" },
      channels: [{ spec: { name: "out" }, last: 1 }, { spec: { name: "in" } }],
      grants: [{ createdby: "sub" }],
    });
  });

  it("shows the outcome in the end", async () => {
    await commands.create({ id: "failed" });
    await commands.close("failed", { status: "failed", error: "no\nluck", exitcode: 7 });
    const { stdout } = await commands.run(["inspect", "failed"]);
    expect(stdout).toMatch(/^outcome +failed: no\\nluck$/m);
    expect(stdout).toMatch(/^exit code +7$/m);
    expect(stdout).toMatch(/^kept until +2/m);
  });
});

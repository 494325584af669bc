import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { OutageWorld } from "./outage-world.ts";

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a process that the server has forgotten and that was created again", () => {
  it("goes on with its input, and can be cancelled", async () => {
    await using outage = await OutageWorld.create("lost");
    const run = await outage.run("while read line; do echo got $line; done; exit 9");
    await outage.goAway();
    await outage.comeBack();
    await run.waitFor(/created again under the same id/);
    expect((await outage.world.run(["send", "job", "stdin", "hello"])).exitCode).toBe(0);
    await run.waitFor(/got hello\n/);
    expect((await outage.request("POST", "/cancel")).status).toBe(200);
    expect(await run.exited).toBe(143);
    expect((await outage.process()).outcome).toEqual({
      status: "cancelled",
      signal: "SIGTERM",
    });
  });

  it("tells of a cancel that came before", async () => {
    await using outage = await OutageWorld.create("lost");
    const run = await outage.run("trap '' TERM; echo ready; await_go; exit 3", ["--grace", "600"]);
    await run.waitFor(/ready/);
    await outage.goAway();
    run.child.kill("SIGINT");
    await run.waitFor(/stopping the program/);
    await outage.comeBack();
    await run.waitFor(/created again under the same id/);
    await expect.poll(() => outage.process(), { timeout: 60_000 }).toHaveProperty("cancelrequest");
    await outage.go();
    expect(await run.exited).toBe(3);
    expect((await outage.process()).outcome?.status).toBe("cancelled");
  });

  it("gives the program all of its local input, in order", async () => {
    await using outage = await OutageWorld.create("lost");
    const input = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) % 251));
    const run = await outage.run("await_go; sha256sum");
    run.child.stdin.end(input);
    // All of it is in the channel, and most of it not in the program, which reads nothing yet.
    await untilInputEnded(outage);
    await outage.goAway();
    await outage.comeBack();
    await run.waitFor(/created again under the same id/);
    await outage.go();
    expect(await run.exited).toBe(0);
    expect(run.stdout.toString()).toBe(`one\ntwo\n${hash(input)}  -\n`);
  });

  /** Until the last entry of the input stands in the channel. */
  async function untilInputEnded(outage: OutageWorld): Promise<void> {
    let position = 0;
    for (let type: string | undefined; type !== "end";) {
      const entries = await outage.read("stdin", position);
      position += entries.length;
      ({ type } = entries.at(-1) ?? {});
    }
  }

  it("is not created again after somebody deleted it", async () => {
    await using outage = await OutageWorld.create("kept");
    const run = await outage.run("while :; do echo line; sleep 0.01; done");
    expect((await outage.request("DELETE")).status).toBe(204);
    expect(await run.exited).toBe(143);
    expect(run.stderr).toContain("the process was deleted: stopping the program");
    expect(run.stderr).not.toContain("created again");
    expect((await outage.request("GET")).status).toBe(404);
  });
});

describe("a server that does not come back", () => {
  it("is given up with Ctrl-C, and the program's exit code stays", async () => {
    await using outage = await OutageWorld.create("kept");
    const run = await outage.run("await_go; echo three; exit 6", ["--quiet"]);
    await outage.goAway();
    await outage.go();
    await run.waitFor(/waiting for the server to take the rest, Ctrl-C gives up/);
    run.child.kill("SIGINT");
    expect(await run.exited).toBe(6);
    expect(run.stdout.toString()).toBe("one\ntwo\nthree\n");
    expect(run.stderr).toContain("gave up: not all of stdout was delivered");
    expect(run.stderr).toContain("gave up: the outcome was not delivered");
    expect(run.stderr).not.toContain("the server is away");
  });
});

describe("a server that took the program for lost", () => {
  it("is told of when it is back, and the program goes on to its own end", async () => {
    await using outage = await OutageWorld.create("kept");
    const run = await outage.run("await_go; echo three; exit 6", ["--lease", "5"]);
    await outage.goAway();
    // Its channel ends with the process: asked of the server itself, not through the line that is cut.
    await outage.channel("stdout");
    // … and a moment later it is settled.
    const outcome = { error: expect.stringContaining("executor_lost") as string };
    await expect.poll(() => outage.process(), { timeout: 60_000 }).toMatchObject({ outcome });
    await outage.comeBack();
    await run.waitFor(/gave it up; the program goes on, only here/);
    await outage.go();
    expect(await run.exited).toBe(6);
    expect(run.stdout.toString()).toBe("one\ntwo\nthree\n");
  });
});

describe("run --when-away drop", () => {
  it("does not hold up the program, and leaves a gap where output was dropped", async () => {
    await using outage = await OutageWorld.create("kept");
    const script = "await_go; seq 1 600000; exit 8";
    const run = await outage.run(script, ["--buffer", "1", "--when-away", "drop"]);
    await outage.goAway();
    await run.waitFor(/the server is away/);
    await outage.go();
    // The program ends although nothing of this was delivered.
    await run.waitFor(/the program has ended; waiting for the server/);
    expect(run.stderr.match(/dropped until the server is back/g)).toHaveLength(1);
    await outage.comeBack();
    expect(await run.exited).toBe(8);
    const { bytes, gaps, types } = await outage.channel("stdout");
    const [gap] = gaps;
    expect(gaps).toHaveLength(1);
    expect(gap).toMatchObject({ reason: "dropped" });
    expect(gap!.at).toBeGreaterThanOrEqual(1024 * 1024);
    // What had gathered became few entries; a gap may stand at the end of what is kept.
    expect(types.length).toBeLessThan(10);
    expect(gap!.at + gap!.bytes).toBeLessThanOrEqual(run.stdout.byteLength);
    const kept = Buffer.concat([
      run.stdout.subarray(0, gap!.at),
      run.stdout.subarray(gap!.at + gap!.bytes),
    ]);
    expect(bytes.equals(kept)).toBe(true);
    const tail = await outage.world.run(["tail", "job"]);
    expect(Buffer.from(tail.stdout).equals(kept)).toBe(true);
    expect(tail.stderr).toContain(
      `a gap: ${gap!.bytes} bytes are missing here (dropped by the writer)`,
    );
  });
});

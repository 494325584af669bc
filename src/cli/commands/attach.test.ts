import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld } from "../../../test/command-world.ts";

let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
});

afterAll(() => commands[Symbol.asyncDispose]());

const outputs = [{ name: "stdout" }, { name: "stderr" }];

async function createClosed(id: string, outcome?: Record<string, unknown>): Promise<void> {
  await commands.create({ id, channels: outputs });
  for (const text of ["1", "2", "3"]) await commands.append(id, text, { channel: "stdout" });
  await commands.append(id, "e", { channel: "stderr" });
  await commands.close(id, outcome);
}

describe("attach", () => {
  it("shows each output where it belongs, from the start", async () => {
    await createClosed("both");
    expect(await commands.run(["attach", "both"])).toEqual({
      exitCode: 0,
      stdout: "123",
      stderr: "e",
    });
  });

  it("begins with the last entries of each output where it is told so", async () => {
    await createClosed("last");
    const { stdout, stderr } = await commands.run(["attach", "last", "--last", "2"]);
    expect({ stdout, stderr }).toEqual({ stdout: "23", stderr: "e" });
    expect((await commands.run(["attach", "last", "--last", "0"])).stdout).toBe("");
  });

  it("ends as the program did, unless told otherwise", async () => {
    await createClosed("seven", { status: "failed", error: "exit code 7", exitcode: 7 });
    await createClosed("killed", { status: "failed", error: "ended", signal: "SIGKILL" });
    await createClosed("cancelled", { status: "cancelled" });
    expect((await commands.run(["attach", "seven"])).exitCode).toBe(7);
    expect((await commands.run(["attach", "killed"])).exitCode).toBe(137);
    expect((await commands.run(["attach", "cancelled"])).exitCode).toBe(130);
    expect((await commands.run(["attach", "seven", "--no-exit-code"])).exitCode).toBe(0);
  });

  it("sends what comes on standard input, and its end", async () => {
    await commands.create({ id: "input", channels: [...outputs, { name: "stdin" }] });
    const attached = commands.run(["attach", "input"], { input: "typed\n" });
    const response = await commands.server.request(
      "sub",
      "GET",
      "/v1/processes/input/channels/stdin/entries",
      { headers: { accept: "text/event-stream" } },
    );
    let events = "";
    for await (const chunk of response.body!) {
      events += Buffer.from(chunk as Uint8Array).toString();
      if (events.includes('"type":"end"')) break;
    }
    const payload = Buffer.from("typed\n").toString("base64");
    expect(events).toContain(`"payload":"${payload}"`);
    await commands.close("input");
    expect(await attached).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("sends nothing with --no-stdin", async () => {
    await commands.create({ id: "watched", channels: [...outputs, { name: "stdin" }] });
    const attached = commands.run(["attach", "watched", "--no-stdin"], { input: "typed\n" });
    await commands.append("watched", "x", { channel: "stdout" });
    await commands.close("watched");
    expect((await attached).stdout).toBe("x");
    expect((await commands.run(["tail", "watched", "stdin"])).stdout).toBe("");
  });

  it("goes on reading where input is refused, and says why", async () => {
    await commands.create({
      id: "readers",
      channels: [...outputs, { name: "stdin", writers: "executor" }],
    });
    const refused = new Promise<void>((resolve) => {
      const { audit } = commands.server;
      audit.push = (...lines) => {
        resolve();
        return Array.prototype.push.apply(audit, lines);
      };
    });
    const attached = commands.run(["attach", "readers"], { input: "typed\n" });
    await refused;
    await commands.append("readers", "x", { channel: "stdout" });
    await commands.close("readers");
    const { stdout, stderr } = await attached;
    expect(stdout).toBe("x");
    expect(stderr).toContain("input goes nowhere: ");
    expect(stderr).toContain("only the executor appends to this channel");
  });

  it("shows what a token lets it see", async () => {
    await createClosed("narrow");
    const environment = await commands.environmentOf("sub", {
      process: "narrow",
      channels: ["stdout"],
      ops: ["read"],
    });
    expect(await commands.run(["attach", "narrow"], { environment })).toMatchObject({
      exitCode: 0,
      stdout: "123",
    });
  });

  it("refuses a process without outputs, and says how to see what it has", async () => {
    await commands.create({ id: "silent" });
    const { exitCode, stderr } = await commands.run(["attach", "silent"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain("neither stdout nor stderr");
    expect(stderr).toContain("jobwire inspect silent");
  });

  it("refuses who may not read", async () => {
    const environment = await commands.environmentOf("stranger");
    const { exitCode } = await commands.run(["attach", "both"], { environment });
    expect(exitCode).toBe(4);
  });
});

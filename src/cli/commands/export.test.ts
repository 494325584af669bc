import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld } from "../../../test/command-world.ts";

let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
  const channels = [{ name: "tty", whenfull: "trim", maxlogentries: 3 }];
  await commands.create({ id: "shell", channels });
  await commands.append("shell", '{"columns":50,"rows":9}', {
    channel: "tty",
    query: "?type=jobwire.size",
  });
  await commands.append("shell", "hello", { channel: "tty" });
  await commands.create({ id: "plain" });
});

afterAll(() => commands[Symbol.asyncDispose]());

const castOf = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

describe("export", () => {
  it("writes what there is by now of a process that runs", async () => {
    const { exitCode, stdout, stderr } = await commands.run(["export", "shell", "--asciicast"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(castOf(stdout)).toMatchObject([
      { version: 2, width: 50, height: 9 },
      [expect.any(Number), "o", "hello"],
    ]);
  });

  it("makes a file that is whole, and nothing beside it", async () => {
    const path = join(commands.directory, "shell.cast");
    const { exitCode, stdout } = await commands.run([
      "export",
      "shell",
      "--asciicast",
      "--output",
      path,
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(castOf(await readFile(path, "utf8"))).toHaveLength(2);
    expect((await readdir(commands.directory)).filter((name) => name.includes("cast"))).toEqual([
      "shell.cast",
    ]);
  });

  it("says what is gone", async () => {
    for (const text of ["a", "b", "c"]) await commands.append("shell", text, { channel: "tty" });
    const { stdout, stderr } = await commands.run(["export", "shell", "--asciicast"]);
    expect(stderr).toMatch(/a gap: entries before position 3 are gone \(trimmed\)/);
    expect(castOf(stdout)).toHaveLength(4);
  });

  it("refuses what has no terminal, a form that is not named, and a place that is none", async () => {
    const plain = await commands.run(["export", "plain", "--asciicast"]);
    expect(plain.exitCode).toBe(5);
    expect(plain.stderr).toContain("plain has no terminal");
    expect((await commands.run(["export", "shell"])).exitCode).toBe(2);
    const nowhere = join(commands.directory, "no", "such");
    const failed = await commands.run(["export", "shell", "--asciicast", "-o", nowhere]);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain(`cannot write ${nowhere}`);
  });
});

describe("replay", () => {
  it("writes bytes where there is no screen to paint, and ends with the process", async () => {
    const channels = [{ name: "tty" }];
    await commands.create({ id: "ended", channels });
    await commands.append("ended", "one ", { channel: "tty" });
    await commands.append("ended", "two", { channel: "tty" });
    await commands.close("ended", { status: "failed", error: "exit code 3", exitcode: 3 });
    const { exitCode, stdout } = await commands.run(["replay", "ended", "--speed", "100"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "one two" });
  });

  it("refuses what has no terminal, and speeds that are none", async () => {
    expect((await commands.run(["replay", "plain"])).exitCode).toBe(5);
    expect((await commands.run(["replay", "ended", "--speed", "0"])).exitCode).toBe(2);
    expect((await commands.run(["replay", "ended", "--idle", "-1"])).exitCode).toBe(2);
  });
});

import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld, type Printed } from "../../../test/command-world.ts";
import type { Environment } from "../configuration.ts";

let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
});

afterAll(() => commands[Symbol.asyncDispose]());

const run = (
  args: readonly string[],
  environment?: Environment,
  input?: string,
): Promise<Printed> =>
  commands.run(args, {
    ...(environment === undefined ? {} : { environment }),
    ...(input === undefined ? {} : { input }),
  });

/** Where nobody listens: a port that was free a moment ago. */
async function freeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}

describe("wrong usage", () => {
  it.each([
    [[], "Usage:"],
    [["fly"], "unknown command 'fly'"],
    [["ps", "--nonsense"], "unknown option '--nonsense'"],
    [["tail"], "missing required argument 'process'"],
    [["tail", "p", "out", "more"], "too many arguments"],
    [["tail", "p", "--from", "yesterday"], "Expected start, now, or last:<n>"],
    [["tail", "p", "--json", "--output", "x"], "cannot be used with"],
    [["run"], "missing required argument 'program'"],
    [["run", "--grace", "-1", "--", "true"], "whole number"],
    [["serve", "--port", "70000"], "whole number from 0 to 65535"],
    [["serve", "--store", "paper"], "Expected one of segment-log, memory"],
    [["serve", "--public-url", "nonsense"], "Expected a URL"],
    [["ps", "--url", "nonsense"], "not a URL"],
  ])("%j exits with 2 and says why", async (args, message) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("a server that", () => {
  it.each([["ps"], ["tail", "x"], ["send", "x", "stdin", "text"], ["run", "--", "true"]])(
    "is not there: %s exits with 3 and says which command starts one",
    async (...args) => {
      const nowhere = await freeAddress();
      const { exitCode, stderr } = await run(args, {
        ...commands.environment,
        JOBWIRE_URL: nowhere,
      });
      expect(exitCode).toBe(3);
      expect(stderr).toContain(`cannot reach a Jobwire server at ${nowhere} (connect ECONNREFUSED`);
      expect(stderr).toContain("Start one with: jobwire serve");
    },
  );

  it("wants a token: exits with 4 and says how to give one", async () => {
    const { exitCode, stderr } = await run(["ps"], {
      HOME: commands.directory,
      JOBWIRE_URL: commands.server.url,
    });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("no bearer token");
    expect(stderr).toContain("JOBWIRE_TOKEN");
  });

  it("does not accept the token: exits with 4 and does not repeat it", async () => {
    const foreign = await commands.server.token(
      "sub",
      {},
      new TextEncoder().encode("another secret, of 32 bytes or more"),
    );
    const { exitCode, stderr } = await run(["ps"], {
      ...commands.environment,
      JOBWIRE_TOKEN: foreign,
    });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("the token is not valid here");
    expect(stderr).not.toContain(foreign);
  });

  it("finds the token expired: exits with 4", async () => {
    const expired = await commands.server.token("sub", { exp: 1 });
    const { exitCode, stderr } = await run(["ps"], {
      ...commands.environment,
      JOBWIRE_TOKEN: expired,
    });
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("new token") as string,
    });
  });

  it("does not permit it: exits with 4", async () => {
    await commands.create({ id: "private" });
    const { exitCode } = await run(
      ["tail", "private", "out"],
      await commands.environmentOf("stranger"),
    );
    expect(exitCode).toBe(4);
  });
});

describe("the name of a process", () => {
  beforeAll(async () => {
    await commands.create({ id: "alpha-1", label: "twice" });
    await commands.create({ id: "alpha-2", label: "alpha-" });
    await commands.close("alpha-2");
    await commands.create({ id: "beta", label: "alpha-1" });
    await commands.close("beta");
    await commands.append("alpha-1", "from alpha-1");
    await commands.close("alpha-1");
    await commands.create({ id: "gamma-with-a-long-id", label: "gam" });
    await commands.append("gamma-with-a-long-id", "from gamma");
    await commands.close("gamma-with-a-long-id");
  });

  it.each([
    ["its whole id, also where another has it for a name", "alpha-1", "from alpha-1"],
    ["the beginning of its id", "gamma-w", "from gamma"],
    ["its name", "gam", "from gamma"],
    ["its name before the beginning of ids", "alpha-", ""],
    ["@last", "@last", "from gamma"],
  ])("may be %s", async (_form, name, expected) => {
    expect(await run(["tail", name, "out"])).toEqual({ exitCode: 0, stdout: expected, stderr: "" });
  });

  it("that begins more than one id is refused with the candidates", async () => {
    const { exitCode, stderr } = await run(["tail", "alpha", "out"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/alpha-1 {2}twice[^]*alpha-2/);
  });

  it.each([["nothing-like-it"], ["../../etc"], ["\u001b[2J"], [""]])(
    "that nobody has exits with 5: %j",
    async (name) => {
      const { exitCode, stderr } = await run(["tail", name, "out"]);
      expect(exitCode).toBe(5);
      expect(stderr).not.toContain("\u001b");
    },
  );

  it("is right but the channel is not: exits with 5", async () => {
    const { exitCode, stderr } = await run(["tail", "beta", "nope"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 5,
      stderr: "jobwire: channel not found: nope\n",
    });
  });
});

describe("ps", () => {
  it("escapes what others have named", async () => {
    await commands.create({
      id: "hostile",
      label: "\u001b]0;owned\u0007\r\nroot \u202egnp",
      executorid: "exe\u200bcutor",
    });
    const { stdout } = await run(["ps"]);
    const line = stdout.split("\n").find((one) => one.startsWith("hostile"))!;
    expect(line).toContain("\\e]0;owned\\u{7}\\r\\nroot \\u{202e…");
    expect(line).toContain("exe\\u{200b}cutor");
    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u202e\u200b]/u);
  });

  it("lists the newest first, and closed ones only when asked", async () => {
    await commands.create({ id: "older" });
    await commands.create({ id: "closed" });
    await commands.close("closed", { status: "failed", error: "bad\nluck" });
    expect((await run(["ps"])).stdout).not.toMatch(/^closed/m);
    const { stdout } = await run(["ps", "--all"]);
    expect(stdout).toMatch(/^ID +NAME +STATE +EXECUTOR +AGE +OUTCOME\n/);
    expect(stdout).toMatch(/^closed .* failed: bad\\nluck$/m);
    expect(stdout.indexOf("closed")).toBeLessThan(stdout.indexOf("older"));
  });

  it("prints one JSON object a line with --json", async () => {
    const { stdout } = await run(["ps", "--all", "--json"]);
    const ids = stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toContain("hostile");
  });
});

describe("tail", () => {
  it("says where entries are gone, and goes on after them", async () => {
    await commands.create({
      id: "gappy",
      channels: [{ name: "out", maxlogentries: 3, whenfull: "trim" }],
    });
    for (const text of ["1", "2", "3", "4", "5"]) await commands.append("gappy", text);
    await commands.close("gappy");
    expect(await run(["tail", "gappy", "out"])).toEqual({
      exitCode: 0,
      stdout: "345",
      stderr: "jobwire: a gap: entries before position 3 are gone (trimmed)\n",
    });
    const lines = (await run(["tail", "gappy", "out", "--json"])).stdout.trim().split("\n");
    expect(JSON.parse(lines[0]!)).toMatchObject({ gap: { reason: "trimmed", first: 3 } });
    expect(JSON.parse(lines.at(-1)!)).toEqual({ outcome: { status: "success" } });
  });

  it("begins where it is told", async () => {
    await commands.create({ id: "five" });
    for (const text of ["1", "2", "3"]) await commands.append("five", text);
    await commands.close("five");
    expect((await run(["tail", "five", "out", "--from", "last:2"])).stdout).toBe("23");
    expect((await run(["tail", "five", "out", "--from", "now"])).stdout).toBe("");
  });

  it("prints bytes as they are, and an error entry's text escaped", async () => {
    await commands.create({ id: "bytes" });
    await commands.append("bytes", "\u001b[31mred");
    await commands.append("bytes", "", { query: "?type=error&error=%1b[2J" });
    await commands.close("bytes");
    const { stdout, stderr } = await run(["tail", "bytes", "out"]);
    expect({ stdout, stderr }).toEqual({
      stdout: "\u001b[31mred",
      stderr: "jobwire: error: \\e[2J\n",
    });
  });
});

describe("send", () => {
  const read = async (id: string, channel: string): Promise<string> => {
    await commands.close(id);
    return (await run(["tail", id, channel])).stdout;
  };

  it("ends the line of text for stdin, and of no other", async () => {
    await commands.create({ id: "texts", channels: [{ name: "stdin" }, { name: "chat" }] });
    await run(["send", "texts", "stdin", "one"]);
    await run(["send", "texts", "stdin", "two", "--no-newline"]);
    await run(["send", "texts", "chat", "three"]);
    expect((await run(["send", "texts", "chat", "--end", "", "--json"])).stdout).toBe(
      '{"entries":1,"position":2}\n',
    );
    expect(await read("texts", "stdin")).toBe("one\ntwo");
    expect((await run(["tail", "texts", "chat"])).stdout).toBe("three");
  });

  it("sends standard input as it comes, or as one entry", async () => {
    await commands.create({ id: "pipe" });
    await run(["send", "pipe", "out"], commands.environment, "streamed ");
    const whole = await run(
      ["send", "pipe", "out", "--whole", "--json"],
      commands.environment,
      "at once",
    );
    expect(whole.stdout).toBe('{"entries":1,"position":2}\n');
    expect(await read("pipe", "out")).toBe("streamed at once");
  });

  it("refuses one entry larger than 10 MiB before it is sent", async () => {
    await commands.create({ id: "large" });
    const { exitCode, stderr } = await run(
      ["send", "large", "out", "--whole"],
      commands.environment,
      "x".repeat(10 * 1024 * 1024 + 1),
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "jobwire: the input is larger than one entry may be, 10 MiB\n",
    });
  });

  it("into a closed process fails with what happened", async () => {
    await commands.create({ id: "over" });
    await commands.close("over");
    expect(await run(["send", "over", "out", "late"])).toMatchObject({
      exitCode: 1,
      stderr: "jobwire: process is closed: over\n",
    });
  });
});

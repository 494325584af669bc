import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandWorld } from "../../../test/command-world.ts";

const execute = promisify(execFile);
let commands: CommandWorld;

beforeAll(async () => {
  commands = await CommandWorld.create();
  await commands.create({ id: "shared", channels: [{ name: "stdout" }, { name: "chat" }] });
  await commands.append("shared", "hello", { channel: "stdout" });
  await commands.append("shared", "hi", { channel: "chat" });
  await commands.close("shared");
});

afterAll(() => commands[Symbol.asyncDispose]());

/** The rows that a grant is printed as, by their first word. */
async function create(...flags: readonly string[]): Promise<Map<string, string>> {
  const { exitCode, stdout, stderr } = await commands.run(["grant", "create", ...flags]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return new Map(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => [line.split(" ")[0]!, line.replace(/^\S+ +/, "")]),
  );
}

const shell = async (line: string): Promise<string> => (await execute("bash", ["-c", line])).stdout;

describe("grant create", () => {
  it("prints lines that work as they are", async () => {
    const printed = await create("shared");
    expect([...printed.keys()]).toEqual(["grant", "id", "may", "read", "page", "console", "here"]);
    expect(printed.get("may")).toMatch(/^read · all channels · until 2\d{3}-/);
    expect(await shell(printed.get("read")!)).toBe("hello");
    const { url } = commands.server;
    expect(printed.get("console")).toBe(`${url}/#grant=${printed.get("grant")}&ops=read`);
    const one = await create("shared", "--channels", "stdout");
    expect(one.get("console")).toBe(`${url}/#grant=${one.get("grant")}&ops=read&channel=stdout`);
    const events = await (
      await fetch(printed.get("page")!, { headers: { accept: "text/event-stream" } })
    ).text();
    expect(events).toContain("data: hello");
  });

  it("gives the commands to whoever has the grant", async () => {
    const environment = {
      HOME: commands.directory,
      JOBWIRE_URL: commands.server.url,
      JOBWIRE_TOKEN: (await create("shared")).get("grant"),
    };
    expect((await commands.run(["tail", "shared"], { environment })).stdout).toBe("hello");
    const inspected = await commands.run(["inspect", "shared", "--json"], { environment });
    expect(JSON.parse(inspected.stdout)).not.toHaveProperty("grants");
    expect((await commands.run(["grant", "list", "shared"], { environment })).exitCode).toBe(4);
  });

  it("gives no more than it is told", async () => {
    await commands.create({ id: "asks", channels: [{ name: "stdin" }, { name: "stdout" }] });
    const printed = await create("asks", "--ops", "append,cancel", "--channels", "stdin");
    expect([...printed.keys()]).toEqual(["grant", "id", "may", "append", "cancel", "here"]);
    expect(printed.get("may")).toMatch(/^append, cancel · stdin · until/);
    const [, id] = /"position":(\d+)/.exec(await shell(`echo yes | ${printed.get("append")!}`))!;
    expect(id).toBe("1");
    expect(await shell(printed.get("cancel")!)).toContain('"state":"closed"');
    expect((await commands.run(["tail", "asks", "stdin"])).stdout).toBe("yes\n");
  });

  it("prints JSON for programs, and counts as long as told", async () => {
    const { stdout } = await commands.run([
      "grant",
      "create",
      "shared",
      "--json",
      "--expires",
      "2h",
    ]);
    const { createdat, expiresat, grant } = JSON.parse(stdout) as Record<string, string>;
    const lifeMs = Date.parse(expiresat!) - Date.parse(createdat!);
    expect(Math.round(lifeMs / 1000)).toBe(7_200);
    expect(grant).toMatch(/^grant\./);
  });

  it.each([
    [["--ops", "all"], "Expected a list, each one of read, append, cancel"],
    [["--expires", "soon"], "Expected a time such as 90s, 30m, 24h or 7d"],
    [["--expires", "0s"], "at least 1s"],
    [["--expires", "367d"], "at most 366d"],
    [["--channels", ""], "Expected a list"],
  ])("refuses %j", async (flags, message) => {
    const { exitCode, stdout, stderr } = await commands.run([
      "grant",
      "create",
      "shared",
      ...flags,
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("grant list and revoke", () => {
  it("show who has access, and take it away", async () => {
    await commands.create({ id: "listed", channels: [{ name: "stdout" }] });
    const created = await create("listed", "--channels", "stdout");
    const id = created.get("id")!;
    const { stdout } = await commands.run(["grant", "list", "listed"]);
    expect(stdout).toMatch(/^GRANT +MAY +CHANNELS +EXPIRES IN +MADE BY\n/);
    expect(stdout).toMatch(new RegExp(`^${id} +read +stdout +23h +sub$`, "m"));
    expect(stdout).not.toContain(created.get("grant"));
    const json = await commands.run(["grant", "list", "listed", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ id, ops: ["read"], createdby: "sub" });

    expect((await commands.run(["grant", "revoke", "listed", id])).exitCode).toBe(0);
    expect((await commands.run(["grant", "list", "listed", "--json"])).stdout).toBe("");
    const environment = { ...commands.environment, JOBWIRE_TOKEN: created.get("grant") };
    expect((await commands.run(["tail", "listed"], { environment })).exitCode).toBe(4);
  });

  it("say what is not there", async () => {
    expect((await commands.run(["grant", "revoke", "shared", "none"])).exitCode).toBe(5);
    expect((await commands.run(["grant", "list", "nobody"])).exitCode).toBe(5);
    expect((await commands.run(["grant", "give", "shared"])).exitCode).toBe(2);
  });
});

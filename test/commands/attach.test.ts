import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TcpProxy } from "../../src/testing/tcp-proxy.ts";
import { CliWorld } from "../cli-world.ts";

let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.create();
});

afterAll(() => world[Symbol.asyncDispose]());

describe("attach in a pipe", () => {
  it("shows everything once and sends every line once, however often the line breaks", async () => {
    const job = world.start(["run", "--name", "echoes", "--no-stdin", "--", "cat"]);
    await job.waitFor(/process \w+/);
    const proxy = await TcpProxy.start(Number(new URL(world.url).port));
    const through = { JOBWIRE_URL: `http://127.0.0.1:${proxy.port}` };
    const attached = world.start(["attach", "echoes"], through);
    const lines = Array.from({ length: 25 }, (_, i) => `line ${i}\n`);
    const echo = async (line: string): Promise<void> => {
      attached.child.stdin.write(line);
      await attached.waitFor(new RegExp(line));
    };
    // Only once it is attached: a server that is not there is told at once.
    await echo(lines[0]!);
    for (const [index, line] of lines.slice(1).entries()) {
      if (index % 4 === 0) proxy.cutAll();
      await echo(line);
    }
    attached.child.stdin.end();
    expect(await attached.exited).toBe(0);
    expect(attached.stdout.toString()).toBe(lines.join(""));
    expect(await job.exited).toBe(0);
    expect(job.stdout.toString()).toBe(lines.join(""));
    expect(proxy.connectionCount).toBeGreaterThan(5);
    await proxy.close();
  });

  it("ends with the program, with its exit code, and leaves the program alone when killed", async () => {
    const script = "echo begin; read line; echo $line; exit 5";
    const job = world.start(["run", "--name", "five", "--no-stdin", "--", "sh", "-c", script]);
    await job.waitFor(/begin/);
    const first = world.start(["attach", "five", "--no-stdin"]);
    await first.waitFor(/begin/);
    await first.kill();
    expect(job.isRunning).toBe(true);
    const second = await world.run(["attach", "five"], "end\n");
    expect(second).toEqual({ exitCode: 5, stdout: "begin\nend\n", stderr: "" });
    expect(await job.exited).toBe(5);
  });

  it("says what is wrong with what it is asked for", async () => {
    expect(await world.run(["attach", "nobody"])).toMatchObject({ exitCode: 5, stdout: "" });
    expect((await world.run(["attach", "five", "--last", "many"])).exitCode).toBe(2);
    expect((await world.run(["attach"])).exitCode).toBe(2);
    const nowhere = { JOBWIRE_URL: "http://127.0.0.1:1" };
    expect((await world.run(["attach", "five"], "", nowhere)).exitCode).toBe(3);
  });
});

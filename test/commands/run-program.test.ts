import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CliWorld, type RunningCommand } from "../cli-world.ts";

let world: CliWorld;

beforeAll(async () => {
  world = await CliWorld.create();
});

afterAll(() => world[Symbol.asyncDispose]());

/** Whether a program with this id runs; what only waits to be noticed by its parent does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (!existsSync("/proc/self/stat")) return true;
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function untilDead(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
}

const idOf = async (command: RunningCommand): Promise<string> =>
  (await command.waitFor(/process (\w+)/))[1]!;

describe("the end of a program", () => {
  it("is the command's exit code and the process's outcome", async () => {
    expect((await world.run(["run", "--", "true"])).exitCode).toBe(0);
    expect((await world.lastProcess()).outcome).toEqual({ status: "success", exitcode: 0 });
    expect((await world.run(["run", "--", "sh", "-c", "exit 42"])).exitCode).toBe(42);
    expect((await world.lastProcess()).outcome).toEqual({
      status: "failed",
      error: "exit code 42",
      exitcode: 42,
    });
  });

  it("by a signal is 128 + its number", async () => {
    expect((await world.run(["run", "--", "sh", "-c", "kill -USR1 $$"])).exitCode).toBe(138);
    expect((await world.lastProcess()).outcome).toEqual({
      status: "failed",
      error: "ended by signal SIGUSR1",
      signal: "SIGUSR1",
    });
  });

  it("before its beginning is 127 for a missing program, 126 for one that cannot run", async () => {
    const missing = await world.run(["run", "--", "no-such-program"]);
    expect(missing).toMatchObject({ exitCode: 127, stdout: "" });
    expect(missing.stderr).toContain("program not found: no-such-program");
    expect((await world.lastProcess()).outcome).toMatchObject({ status: "failed", exitcode: 127 });
    expect((await world.run(["run", "--", "/etc/passwd"])).exitCode).toBe(126);
    expect((await world.lastProcess()).outcome).toMatchObject({ status: "failed", exitcode: 126 });
  });

  it("is adopted by tail --exit-code", async () => {
    await world.run(["run", "--name", "seven", "--", "sh", "-c", "exit 7"]);
    expect((await world.run(["tail", "seven"])).exitCode).toBe(0);
    expect((await world.run(["tail", "seven", "--exit-code"])).exitCode).toBe(7);
  });
});

describe("what a program prints", () => {
  it("shows locally and goes to the channels, each with its end", async () => {
    const local = await world.run(["run", "--quiet", "--", "sh", "-c", "echo out; echo err >&2"]);
    expect(local).toEqual({ exitCode: 0, stdout: "out\n", stderr: "err\n" });
    expect((await world.run(["tail", "@last"])).stdout).toBe("out\n");
    expect((await world.run(["tail", "@last", "stderr"])).stdout).toBe("err\n");
    const lines = (await world.run(["tail", "@last", "stderr", "--json"])).stdout
      .trim()
      .split("\n");
    const types = lines.map((line) => (JSON.parse(line) as { type?: string }).type);
    expect(types).toEqual(["data", "end", undefined]);
  });

  it("goes on to the channel when the local reader has left", async () => {
    const command = world.start(["run", "--name", "headless", "--", "seq", "1", "50000"]);
    command.child.stdout.destroy();
    expect(await command.exited).toBe(0);
    expect((await world.run(["tail", "headless"])).stdout.split("\n")).toHaveLength(50_001);
  });

  it("is read while it runs", async () => {
    const command = world.start(["run", "--", "sh", "-c", "printf first; read line; echo $line"]);
    const tail = world.start(["tail", await idOf(command)]);
    await tail.waitFor(/^first$/);
    command.child.stdin.end("second\n");
    expect(await tail.exited).toBe(0);
    expect(tail.stdout.toString()).toBe("firstsecond\n");
  });
});

describe("what a program reads", () => {
  it("is local input with its end, byte for byte", async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256));
    const command = world.start(["run", "--quiet", "--", "cat"]);
    command.child.stdin.end(bytes);
    expect(await command.exited).toBe(0);
    expect(command.stdout.equals(bytes)).toBe(true);
  });

  it("comes from others by the channel, and is closed by an end", async () => {
    const command = world.start(["run", "--no-stdin", "--name", "asks", "--", "cat"]);
    await idOf(command);
    expect((await world.run(["send", "asks", "stdin", "hello"])).exitCode).toBe(0);
    await command.waitFor(/hello\n/);
    expect((await world.run(["send", "asks", "stdin", "--end"], "from a pipe")).exitCode).toBe(0);
    expect(await command.exited).toBe(0);
    expect(command.stdout.toString()).toBe("hello\nfrom a pipe");
  });

  it("may be left unread", async () => {
    const command = world.start(["run", "--quiet", "--", "true"]);
    command.child.stdin.write("x".repeat(1_000_000));
    expect(await command.exited).toBe(0);
  });

  it("holds an address, its own process and a token that is good for nothing else", async () => {
    await world.run(["run", "--name", "other", "--", "true"]);
    const { id: other } = await world.lastProcess();
    const script = `
      const { JOBWIRE_URL: url, JOBWIRE_TOKEN: token, JOBWIRE_PROCESS: id, PYTHONUNBUFFERED } = process.env;
      const ask = async (path, method = "GET") =>
        (await fetch(url + "/v1/processes/" + path, { method, headers: { authorization: "Bearer " + token } })).status;
      const append = id + "/channels/control/entries";
      console.log(PYTHONUNBUFFERED, await ask(id), await ask(append, "POST"), await ask("${other}"), await ask(id, "DELETE"));`;
    const { stdout } = await world.run(["run", "--quiet", "--", process.execPath, "-e", script]);
    expect(stdout).toBe("1 200 201 403 403\n");
  });
});

describe("stopping a program", () => {
  const stubborn = "trap 'echo no' TERM; sleep 1000 & echo pid $!; while :; do wait; done";

  it("ends what the program started as well", async () => {
    const command = world.start(["run", "--", "sh", "-c", "sleep 1000 & echo pid $!; wait"]);
    const pid = Number((await command.waitFor(/pid (\d+)/))[1]);
    command.child.kill("SIGINT");
    expect(await command.exited).toBe(143);
    await untilDead(pid);
    expect((await world.lastProcess()).outcome).toEqual({ status: "cancelled", signal: "SIGTERM" });
  });

  it("leaves it the choice of its exit code", async () => {
    const script = "trap 'echo saved; exit 9' TERM; echo ready; while :; do read line; done";
    const command = world.start(["run", "--", "sh", "-c", script]);
    await command.waitFor(/ready/);
    command.child.kill("SIGTERM");
    expect(await command.exited).toBe(9);
    expect(command.stdout.toString()).toBe("ready\nsaved\n");
    expect((await world.lastProcess()).outcome).toEqual({ status: "cancelled", exitcode: 9 });
  });

  it("kills it after the time of grace", async () => {
    const command = world.start(["run", "--grace", "1", "--", "sh", "-c", stubborn]);
    const pid = Number((await command.waitFor(/pid (\d+)/))[1]);
    command.child.kill("SIGINT");
    await command.waitFor(/no\n/);
    expect(await command.exited).toBe(137);
    await untilDead(pid);
  });

  it("kills it at the second Ctrl-C", async () => {
    const command = world.start(["run", "--grace", "3600", "--", "sh", "-c", stubborn]);
    const pid = Number((await command.waitFor(/pid (\d+)/))[1]);
    command.child.kill("SIGINT");
    await command.waitFor(/no\n/);
    // One Ctrl-C may come twice within a moment; a person's second one comes later.
    const again = setInterval(() => command.child.kill("SIGINT"), 100);
    expect(await command.exited).toBe(137);
    clearInterval(again);
    await untilDead(pid);
  });

  it("is asked for from elsewhere by a cancel request", async () => {
    const command = world.start(["run", "--", "sh", "-c", "echo ready; sleep 1000"]);
    const id = await idOf(command);
    await command.waitFor(/ready/);
    await post(`${id}/cancel`);
    expect(await command.exited).toBe(143);
    expect((await world.lastProcess()).outcome).toEqual({ status: "cancelled", signal: "SIGTERM" });
  });

  it("follows when somebody closes the process, whose outcome stands", async () => {
    const command = world.start(["run", "--", "sh", "-c", "echo ready; sleep 1000"]);
    const id = await idOf(command);
    await command.waitFor(/ready/);
    await post(`${id}/close`, { outcome: { status: "failed", error: "enough" } });
    expect(await command.exited).toBe(143);
    expect(command.stderr).toContain("the process was closed: stopping the program");
    expect((await world.lastProcess()).outcome).toEqual({ status: "failed", error: "enough" });
  });

  /** As the person at this machine, whose token the program of a process would not get. */
  async function post(path: string, body?: unknown): Promise<void> {
    const token = await world.token();
    const response = await fetch(`${world.url}/v1/processes/${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.ok).toBe(true);
  }
});

it("run --serve starts a server that stays, where none answers", async () => {
  await using fresh = await CliWorld.create();
  const data = `${fresh.directory}/elsewhere`;
  const port = new URL(fresh.url).port;
  // The port of a server that has just gone is free.
  await fresh.stopServer();
  const environment = {
    JOBWIRE_DATA_DIRECTORY: data,
    JOBWIRE_URL: `http://127.0.0.1:${port}`,
  };
  const first = await fresh.run(["run", "--serve", "--", "echo", "hi"], "", environment);
  const pid = Number(/kill (\d+)/.exec(first.stderr)?.[1]);
  try {
    expect(first).toMatchObject({ exitCode: 0, stdout: "hi\n" });
    const second = await fresh.run(["run", "--serve", "--", "true"], "", environment);
    expect(second.stderr).not.toContain("started a server");
    expect((await fresh.run(["tail", "@last"], "", environment)).exitCode).toBe(0);
  } finally {
    process.kill(pid, "SIGTERM");
    await untilDead(pid);
  }
});

it("a server that shuts down takes its address with it", async () => {
  await using fresh = await CliWorld.create();
  const note = `${fresh.directory}/data/server.json`;
  expect(existsSync(note)).toBe(true);
  expect(await fresh.stopServer()).toBe(0);
  expect(existsSync(note)).toBe(false);
  const { exitCode, stderr } = await fresh.run(["ps", "--url", fresh.url]);
  expect(exitCode).toBe(3);
  expect(stderr).toContain("Start one with: jobwire serve");
});

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `npm start` with a data directory of its own. */
async function start(options: string[]) {
  const directory = await mkdtemp(join(tmpdir(), "jobwire-start-"));
  const child = spawn(
    process.execPath,
    ["scripts/start.mjs", ...options, "--data-directory", directory],
    { cwd: root, env: { ...process.env, SURVEY_SECONDS: "1" }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      child.emit("output");
    });
  }
  return {
    child,
    printed: () => output,
    waitFor: async (pattern: RegExp) => {
      while (!pattern.test(output)) await once(child, "output");
    },
    [Symbol.asyncDispose]: async () => {
      await end(child, "SIGTERM");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
  return child.exitCode;
}

async function listen() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

it("starts a server and a sample job, and ends both at the first signal", async () => {
  await using starter = await start(["--port", "0"]);

  await starter.waitFor(/npx jobwire tail @last stdout/);
  const [, url = ""] = /serves on (http:\/\/\S+)/.exec(starter.printed()) ?? [];
  expect((await fetch(`${url}/readyz`)).ok).toBe(true);
  const [, code, id] = /#code=(\S+)&to=%2Fp%2F(\S+)/.exec(starter.printed()) ?? [];
  expect(starter.printed()).toContain(`process ${id} (sample)`);
  const signIn = await fetch(`${url}/v1/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  expect(signIn.status).toBe(200);
  await starter.waitFor(/The sample job has ended with exit code 0/);

  expect(await end(starter.child, "SIGINT")).toBe(0);
  await expect(fetch(`${url}/readyz`)).rejects.toThrow();
});

it("ends a sample job that is still at work", async () => {
  await using starter = await start(["--port", "0"]);
  await starter.waitFor(/npx jobwire tail @last stdout/);

  expect(await end(starter.child, "SIGTERM")).toBe(0);
});

it("says so when the port is taken", async () => {
  await using other = await listen();
  await using starter = await start(["--port", `${other.port}`]);

  await once(starter.child, "exit");

  expect(starter.child.exitCode).toBe(1);
  expect(starter.printed()).toContain(`npm start -- --port ${other.port + 1}`);
});

it("refuses a port that is none", async () => {
  await using starter = await start(["--port", "many"]);

  await once(starter.child, "exit");

  expect(starter.child.exitCode).toBe(1);
  expect(starter.printed()).toContain("--port must be a number");
});

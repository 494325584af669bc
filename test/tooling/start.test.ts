import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { endSample, startSample } from "../sample-start.ts";

async function listen() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

it("starts a server and a sample job, and ends both at the first signal", async () => {
  await using starter = await startSample(["--port", "0"]);

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

  expect(await endSample(starter.child, "SIGINT")).toBe(0);
  await expect(fetch(`${url}/readyz`)).rejects.toThrow();
});

it("ends a sample job that is still at work", async () => {
  await using starter = await startSample(["--port", "0"]);
  await starter.waitFor(/npx jobwire tail @last stdout/);

  expect(await endSample(starter.child, "SIGTERM")).toBe(0);
});

it("says so when the port is taken", async () => {
  await using other = await listen();
  await using starter = await startSample(["--port", `${other.port}`]);

  await once(starter.child, "exit");

  expect(starter.child.exitCode).toBe(1);
  expect(starter.printed()).toContain(`npm start -- --port ${other.port + 1}`);
});

it("refuses a port that is none", async () => {
  await using starter = await startSample(["--port", "many"]);

  await once(starter.child, "exit");

  expect(starter.child.exitCode).toBe(1);
  expect(starter.printed()).toContain("--port must be a number");
});
